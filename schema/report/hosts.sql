SELECT h.name AS host_name, h.os_family, h.os_version, h.time_zone, h.time_zone_source, h.zone_tzif, h.clock_offset_s,
  h.installed, h.installed_source, h.last_seen, h.stopped_how,
  (SELECT group_concat(address, ' ') FROM (SELECT address FROM host_address a WHERE a.host_id = h.host_id
    ORDER BY address)) AS addresses
FROM host h ORDER BY h.host_id
