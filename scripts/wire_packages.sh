#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# scripts/wire_packages.sh
#
# Are the programs there that the emulated networks need (tests/devices, level wire)? What is missing is installed where
# that may be done (root, Debian's apt-get); else one message names the Debian packages. Starts no service.
set -euo pipefail

PATH=$PATH:/usr/sbin:/sbin

# Program or file, and the Debian package that has it
needs='
ip iproute2
ping iputils-ping
unshare util-linux
pgrep procps
nft nftables
conntrack conntrack
dnsmasq dnsmasq-base
udhcpc udhcpc
tshark tshark
swanctl strongswan-swanctl
ipsec/charon strongswan-charon
ipsec/plugins/libstrongswan-nonce.so libstrongswan
ipsec/plugins/libstrongswan-openssl.so libstrongswan-standard-plugins
ipsec/plugins/libstrongswan-gcrypt.so libstrongswan-extra-plugins
ipsec/plugins/libstrongswan-kernel-libipsec.so libcharon-extra-plugins
ipsec/plugins/libstrongswan-socket-default.so strongswan-libcharon
ipsec/plugins/libstrongswan-vici.so strongswan-swanctl
'

missing() {
    local need package
    while read -r need package; do
        case $need in
        '') ;;
        ipsec/*) [[ -e /usr/lib/$need || -e /usr/libexec/$need ]] || echo "$need $package" ;;
        *) type -P "$need" >/dev/null || echo "$need $package" ;;
        esac
    done <<<"$needs"
}

packages() { cut -d ' ' -f 2 <<<"$1" | sort -u | tr '\n' ' '; }

# Network devices of our own; /dev/net/tun carries the encrypted packets
kernel() {
    if [[ ! -c /dev/net/tun ]]; then
        echo 'the emulated networks need /dev/net/tun, which is not here' >&2
        return 1
    fi
    local users=()
    ((EUID == 0)) || users=(--user --map-root-user)
    if ! unshare "${users[@]}" --mount --net --pid --fork ip link set lo up >/dev/null 2>&1; then
        echo 'the emulated networks need network namespaces: root, or user namespaces (unshare --user --net)' >&2
        return 1
    fi
}

lacking=$(missing)
if [[ -n $lacking ]] && ((EUID == 0)) && type -P apt-get >/dev/null; then
    read -ra wanted <<<"$(packages "$lacking")"
    echo "installing: ${wanted[*]}" >&2
    # Debian's way to say that no service may be started
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    install() {
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" </dev/null >&2
    }
    install || { apt-get update -qq </dev/null >&2 && install; } || true
    hash -r
    lacking=$(missing)
fi
if [[ -n $lacking ]]; then
    echo "the emulated networks need what is not here: $(cut -d ' ' -f 1 <<<"$lacking" | tr '\n' ' ')" >&2
    echo "on Debian: apt-get install --no-install-recommends $(packages "$lacking")" >&2
    exit 1
fi
kernel
