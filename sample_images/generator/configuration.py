# SPDX-License-Identifier: Apache-2.0
"""Contents of the configuration files that an analyst reads first."""


def files(p):
    zone = p.zone_name
    stamp_line = "" if p.iso_stamps else "$ActionFileDefaultTemplate RSYSLOG_TraditionalFileFormat\n"
    cron_line = "cron.*\t\t\t\t-/var/log/cron.log\n" if p.iso_stamps else ""
    logs = "\n".join("/var/log/" + n for n in ("syslog", "kern.log", "auth.log") + (("cron.log",) if p.iso_stamps else ()))
    return {k: v.encode() for k, v in {
        "/etc/rsyslog.conf": f"""# /etc/rsyslog.conf configuration file for rsyslog
module(load="imuxsock") # provides support for local system logging
module(load="imklog")   # provides kernel logging support
{stamp_line}$FileOwner root
$FileGroup adm
$FileCreateMode 0640
$DirCreateMode 0755
$Umask 0022
$WorkDirectory /var/spool/rsyslog
$IncludeConfig /etc/rsyslog.d/*.conf
*.*;auth,authpriv.none\t\t-/var/log/syslog
auth,authpriv.*\t\t\t/var/log/auth.log
{cron_line}kern.*\t\t\t\t-/var/log/kern.log
""",
        "/etc/logrotate.d/rsyslog": logs + """
{
\trotate 4
\tweekly
\tmissingok
\tnotifempty
\tcompress
\tdelaycompress
\tsharedscripts
\tpostrotate
\t\t/usr/lib/rsyslog/rsyslog-rotate
\tendscript
}
""",
        "/etc/logrotate.d/apache2": """/var/log/apache2/*.log {
\tdaily
\tmissingok
\trotate 14
\tcompress
\tdelaycompress
\tnotifempty
\tcreate 640 root adm
\tsharedscripts
\tpostrotate
\t\tif pgrep -f ^/usr/sbin/apache2 > /dev/null; then
\t\t\tinvoke-rc.d apache2 reload 2>&1 | logger -t apache2.logrotate
\t\tfi
\tendscript
}
""",
        "/etc/logrotate.d/vsftpd": """/var/log/vsftpd.log
{
\tcreate 640 root adm

\t# ftpd doesn't handle SIGHUP properly
\tmissingok
\tnotifempty
\trotate 4
\tweekly
}
""",
        "/etc/logrotate.d/dpkg": """/var/log/dpkg.log {
\tmonthly
\trotate 12
\tcompress
\tdelaycompress
\tmissingok
\tnotifempty
\tcreate 644 root root
}
""",
        "/etc/logrotate.d/apt": """/var/log/apt/term.log {
  rotate 12
  monthly
  compress
  missingok
  notifempty
}

/var/log/apt/history.log {
  rotate 12
  monthly
  compress
  missingok
  notifempty
}
""",
        "/etc/logrotate.d/btmp": """# no packages own btmp -- we'll rotate it here
/var/log/btmp {
    missingok
    monthly
    create 0660 root utmp
    rotate 1
}
""",
        "/etc/logrotate.d/wtmp": """# no packages own wtmp -- we'll rotate it here
/var/log/wtmp {
    missingok
    monthly
    create 0664 root utmp
    minsize 1M
    rotate 1
}
""",
        "/etc/logrotate.conf": """# see "man logrotate" for details
weekly
rotate 4
create
include /etc/logrotate.d
""",
        "/etc/crontab": """# /etc/crontab: system-wide crontab
SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin

17 *\t* * *\troot\tcd / && run-parts --report /etc/cron.hourly
25 6\t* * *\troot\ttest -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }
47 6\t* * 7\troot\ttest -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.weekly; }
52 6\t1 * *\troot\ttest -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.monthly; }
#
""",
        "/etc/cron.d/php": """# /etc/cron.d/php@PHP_VERSION@: crontab fragment for PHP
09,39 *     * * *     root   [ -x /usr/lib/php/sessionclean ] && if [ ! -d /run/systemd/system ]; then /usr/lib/php/sessionclean; fi
""",
        "/etc/ssh/sshd_config": """# This is the sshd server system-wide configuration file.
Include /etc/ssh/sshd_config.d/*.conf
#Port 22
SyslogFacility AUTH
LogLevel INFO
PermitRootLogin prohibit-password
PubkeyAuthentication yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
UsePAM yes
X11Forwarding no
PrintMotd no
AcceptEnv LANG LC_*
Subsystem\tsftp\t/usr/lib/openssh/sftp-server
""",
        "/etc/vsftpd.conf": f"""listen=YES
listen_ipv6=NO
anonymous_enable=NO
local_enable=YES
write_enable=YES
local_umask=022
dirmessage_enable=YES
use_localtime=YES
xferlog_enable=YES
{'xferlog_std_format=YES' if p.xferlog else 'xferlog_std_format=NO'}
{'xferlog_file=/var/log/vsftpd.log' if p.xferlog else 'vsftpd_log_file=/var/log/vsftpd.log'}
connect_from_port_20=YES
secure_chroot_dir=/var/run/vsftpd/empty
pam_service_name=vsftpd
""",
        "/etc/apache2/apache2.conf": """DefaultRuntimeDir ${APACHE_RUN_DIR}
PidFile ${APACHE_PID_FILE}
Timeout 300
KeepAlive On
User ${APACHE_RUN_USER}
Group ${APACHE_RUN_GROUP}
HostnameLookups Off
ErrorLog ${APACHE_LOG_DIR}/error.log
LogLevel warn
IncludeOptional mods-enabled/*.load
IncludeOptional mods-enabled/*.conf
Include ports.conf
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"" combined
IncludeOptional conf-enabled/*.conf
IncludeOptional sites-enabled/*.conf
""",
        "/etc/apache2/sites-available/000-default.conf": f"""<VirtualHost *:80>
\tServerName {p.host}.{p.domain}
\tDocumentRoot /var/www/html
\tErrorLog ${{APACHE_LOG_DIR}}/error.log
\tCustomLog ${{APACHE_LOG_DIR}}/access.log combined
</VirtualHost>
""",
        "/etc/mysql/mariadb.conf.d/50-server.cnf": f"""[mysqld]
pid-file                = /run/mysqld/mysqld.pid
basedir                 = /usr
bind-address            = 127.0.0.1
{'' if p.general_log else '#'}general_log_file       = /var/log/mysql/mysql.log
{'' if p.general_log else '#'}general_log            = 1
log_error = /var/log/mysql/error.log
slow_query_log = 1
slow_query_log_file    = /var/log/mysql/mariadb-slow.log
long_query_time        = 1
log_warnings = 2
expire_logs_days        = 10
""",
        "/etc/debian_version": "12.5\n",
        "/usr/lib/os-release": """PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.org/"
SUPPORT_URL="https://www.debian.org/support"
BUG_REPORT_URL="https://bugs.debian.org/"
""",
        "/etc/issue": "Debian GNU/Linux 12 \\n \\l\n",
        "/etc/skel/.bashrc": "# ~/.bashrc: executed by bash(1) for non-login shells.\ncase $- in\n    *i*) ;;\n      *) return;;\nesac\nHISTCONTROL=ignoreboth\nshopt -s histappend\n",
        "/etc/skel/.profile": "# ~/.profile: executed by the command interpreter for login shells.\nif [ -f \"$HOME/.bashrc\" ]; then\n\t. \"$HOME/.bashrc\"\nfi\n",
        "/etc/skel/.bash_logout": "# ~/.bash_logout: executed by bash(1) when login shell exits.\nif [ \"$SHLVL\" = 1 ]; then\n    [ -x /usr/bin/clear_console ] && /usr/bin/clear_console -q\nfi\n",
        "/etc/sudoers": """Defaults\tenv_reset
Defaults\tmail_badpass
Defaults\tsecure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Defaults\tuse_pty
root\tALL=(ALL:ALL) ALL
%sudo\tALL=(ALL:ALL) ALL
@includedir /etc/sudoers.d
""",
        # not in any package: written by the installation
        "/etc/hostname": p.host + "\n",
        "/etc/hosts": f"127.0.0.1\tlocalhost\n127.0.1.1\t{p.host}.{p.domain}\t{p.host}\n{p.address}\t{p.host}.{p.domain}\n",
        "/etc/timezone": zone + "\n",
        "/etc/fstab": f"""# /etc/fstab: static file system information.
# <file system> <mount point>   <type>  <options>       <dump>  <pass>
UUID={p.uuids[0]} /               ext4    errors=remount-ro 0       1
UUID={p.uuids[1]} /var            ext4    defaults        0       2
""",
        "/etc/network/interfaces": f"""source /etc/network/interfaces.d/*
auto lo
iface lo inet loopback

allow-hotplug eth0
iface eth0 inet static
\taddress {p.address}/24
\tgateway {p.gateway}
""",
        "/etc/resolv.conf": f"search {p.domain}\nnameserver {p.gateway}\n",
        "/etc/machine-id": p.machine_id + "\n",
        "/etc/adjtime": "0.0 0 0.0\n0\nUTC\n",
        "/etc/shells": "# /etc/shells: valid login shells\n/bin/sh\n/usr/bin/sh\n/bin/bash\n/usr/bin/bash\n/bin/dash\n/usr/bin/dash\n",
        "/etc/mysql/debian.cnf": "# THIS FILE IS OBSOLETE. STOP USING IT IF POSSIBLE.\n[client]\nhost     = localhost\nuser     = root\n",
    }.items()}
