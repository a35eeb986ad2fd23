#!/usr/bin/env bash
# lines.sh FOLDER USER UV: in a mount namespace, lays what a pod's image would have over the machine's
# own files, runs FOLDER/script as `sky` (who may sudo), `plain` (who may not) or `root`, with the
# environment that FOLDER/env lists, and writes what came of it below FOLDER/out.
set -euo pipefail
folder=$1 user=$2 uv=$3
out=$folder/out
mkdir -p "$out"

# Below /mnt, since /tmp is to be a pod's own.
mount -t tmpfs none /mnt
mkdir /mnt/folder
mount --bind "$folder" /mnt/folder
touch /mnt/uv
mount --bind "$uv" /mnt/uv
for place in /tmp /etc/sudoers.d /etc/apt/apt.conf.d /etc/systemd/system; do
    [ -d "$place" ] && mount -t tmpfs none "$place"
done
folder=/mnt/folder out=/mnt/folder/out
chmod 1777 /tmp
chmod 0750 /etc/sudoers.d
chmod 0755 /mnt /mnt/folder

# lay FILE MODE: what comes on standard input, over the machine's file.
lay() {
    local file=/mnt/laid${1//\//-}
    cat >"$file"
    chmod "$2" "$file"
    [ -e "$1" ] && mount --bind "$file" "$1"
}
{ grep -v -E ':(1000|1001):' /etc/passwd || true; printf '%s\n' \
    sky:x:1000:1000::/mnt/sky:/bin/bash plain:x:1001:1001::/mnt/plain:/bin/bash; } | lay /etc/passwd 0644
{ grep -v -E ':(1000|1001):' /etc/group || true; printf '%s\n' sky:x:1000: plain:x:1001:; } | lay /etc/group 0644
{ cat /etc/shadow; printf '%s\n' 'sky:*:19000:0:99999:7:::' 'plain:*:19000:0:99999:7:::'; } | lay /etc/shadow 0640
printf '%s\n' 'Defaults env_reset' 'root ALL=(ALL:ALL) ALL' '@includedir /etc/sudoers.d' | lay /etc/sudoers 0440
: | lay /etc/environment 0644
echo 'sky ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/sky
chmod 0440 /etc/sudoers.d/sky
mkdir /mnt/sky /mnt/plain
chown 1000:1000 /mnt/sky
chown 1001:1001 /mnt/plain
cd /

mapfile -t environment <"$folder/env"
# as_user COMMAND…: in the environment of the container.
as_user() {
    local home=/mnt/$user path=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin
    local who=()
    case $user in
    root) home=/root ;;
    sky) who=(setpriv --reuid 1000 --regid 1000 --init-groups) ;;
    plain) who=(setpriv --reuid 1001 --regid 1001 --init-groups) ;;
    esac
    "${who[@]}" env -i HOME="$home" PATH="$path" LC_ALL=C.UTF-8 "${environment[@]}" "$@"
}

# note NAME COMMAND…: what it says, and how it ends.
note() {
    local name=$1 status=0
    shift
    "$@" >"$out/$name" 2>"$out/$name.err" </dev/null || status=$?
    echo "$status" >"$out/$name.status"
}

# What uv takes of two versions that are there.
uv() {
    rm -rf /mnt/installed
    env -i HOME=/root PATH="$PATH" "${environment[@]}" /mnt/uv --no-config --offline \
        --cache-dir /mnt/cache pip install --quiet --no-index --find-links "$folder/wheels" \
        --target /mnt/installed kubernetes && ls /mnt/installed
}

files() {
    find /etc/sudoers.d /etc/apt/apt.conf.d /etc/systemd/system /tmp -type f \
        -printf '%m %u %p\n' | sort
}

note sudo-before as_user sudo -n env
note uv-before uv
# As the container's command does.
note script as_user /bin/bash -c -- "$(cat "$folder/script")"
note visudo visudo -c
note files files
note sudo as_user sudo -n env
note apt as_user apt-config dump
note sudo-apt as_user sudo -n apt-config dump
note root-apt apt-config dump
note uv uv
note environment cat /etc/environment
note units sh -c 'cat /etc/systemd/system/*/*.conf'
note again as_user /bin/bash -c -- "$(cat "$folder/script")"
note environment-again cat /etc/environment
note files-again files
chmod -R a+rX "$out"
