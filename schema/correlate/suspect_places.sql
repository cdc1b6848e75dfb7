DELETE FROM birth_burst;
-- Folders are few: what kind of place each is, is asked once.
DROP TABLE IF EXISTS temp.dir_place;
CREATE TEMP TABLE dir_place(dir_id INTEGER PRIMARY KEY, host_id INTEGER NOT NULL, path TEXT NOT NULL, place TEXT NOT NULL, odd INTEGER NOT NULL);
INSERT INTO temp.dir_place
SELECT d.dir_id, v.host_id, d.path,
  CASE
      WHEN d.path IN ('/tmp', '/var/tmp', '/dev/shm') OR d.path GLOB '/tmp/*' OR d.path GLOB '/var/tmp/*' OR d.path GLOB '/dev/shm/*'
        OR lower(d.path) GLOB 'c:/windows/temp*' OR lower(d.path) GLOB 'c:/winnt/temp*' OR lower(d.path) GLOB 'c:/temp*'
        OR lower(d.path) GLOB '?:/documents and settings/*/local settings/temp*' THEN 'temporary'
      WHEN d.path = '/dev' OR d.path GLOB '/dev/*' THEN 'device'
      WHEN d.path GLOB '/var/www*' OR d.path GLOB '/srv/www*' OR d.path GLOB '/srv/http*' OR d.path GLOB '/usr/share/nginx*'
        OR d.path GLOB '/home/*/public_html*' OR d.path GLOB '/home/*/www*' OR d.path GLOB '/home/*/htdocs*' OR d.path GLOB '/home/httpd*'
        OR d.path GLOB '/usr/local/apache*/htdocs*' OR d.path GLOB '/opt/lampp/htdocs*' OR lower(d.path) GLOB '?:/inetpub/*'
        OR lower(d.path) GLOB '?:/xampp/htdocs*' OR lower(d.path) GLOB '?:/wamp*/www*' THEN 'web'
      WHEN lower(d.path) GLOB '?:/recycler*' OR lower(d.path) GLOB '?:/recycled*' OR lower(d.path) GLOB '?:/$recycle.bin*'
        OR lower(d.path) GLOB '?:/system volume information*' THEN 'recycler'
      WHEN length(d.path) = 3 AND substr(d.path, 2) = ':/' THEN 'drive-root'
      WHEN d.path GLOB '/home/*' OR d.path GLOB '/root*' OR lower(d.path) GLOB '?:/documents and settings/*' THEN 'home'
      WHEN d.path GLOB '/bin*' OR d.path GLOB '/sbin*' OR d.path GLOB '/usr/bin*' OR d.path GLOB '/usr/sbin*' OR d.path GLOB '/usr/local/*'
        OR d.path GLOB '/lib*' OR d.path GLOB '/usr/lib*' OR d.path GLOB '/etc/init.d*' OR lower(d.path) GLOB '?:/windows*'
        OR lower(d.path) GLOB '?:/winnt*' THEN 'system'
      ELSE 'other' END,
  d.path GLOB '*/... *' OR d.path GLOB '*/.. *' OR d.path GLOB '*/...' OR d.path GLOB '*/ ' OR d.path GLOB '*/ /*' OR d.path GLOB '*/.../*'
FROM dir d JOIN volume v ON v.volume_id = d.volume_id WHERE v.host_id IS NOT NULL;
-- Candidates by place and name; times come after, so that only few files are looked up.
DROP TABLE IF EXISTS temp.candidate_file;
CREATE TEMP TABLE candidate_file(file_id INTEGER PRIMARY KEY, host_id INTEGER NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL, uid INTEGER,
  mode INTEGER NOT NULL, size INTEGER, deleted INTEGER NOT NULL, place TEXT NOT NULL, kind TEXT NOT NULL);
