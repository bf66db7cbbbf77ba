package compat

// The programs do what their models do with ip netns, in a few lines.
var programs = []program{
	{"the kernel's tools/testing/selftests/net/lib.sh, which waits with ip netns list | grep", `
WAIT_TIMEOUT=3000
busywait() {
	local timeout=$1 start_time out; shift
	start_time=$(date -u +%s%3N)
	while true; do
		if out=$("$@"); then echo -n "$out"; return 0; fi
		if (($(date -u +%s%3N) - start_time > timeout)); then echo -n "$out"; return 1; fi
	done
}
cleanup_ns() {
	local ns ret=0
	for ns in "$@"; do
		[ -z "$ns" ] && continue
		ip netns pids "$ns" 2>/dev/null | xargs -r kill || true
		ip netns delete "$ns" &>/dev/null || true
		if ! busywait $WAIT_TIMEOUT ip netns list \| grep -vq "^$ns$" &>/dev/null; then
			echo "Warn: Failed to remove namespace $ns"; ret=1
		fi
	done
	return $ret
}
setup_ns() {
	local name ns
	for name in "$@"; do
		ns="${name,,}-$(mktemp -u XXXXXX)"
		eval $name=$ns
		ip netns add "$ns" || { echo "Failed to create namespace $name"; return 4; }
		ip -n "$ns" link set lo up
	done
}
setup_ns CLIENT SERVER && ip -n $CLIENT link add veth0 type veth peer name veth0 netns $SERVER
for n in $CLIENT:1 $SERVER:2; do
	ip -n ${n%:*} addr add 10.9.0.${n#*:}/24 dev veth0 && ip -n ${n%:*} link set veth0 up
done
ip netns exec $CLIENT ping -q -c 1 -W 2 10.9.0.2 >/dev/null && echo "PASS: ping"
cleanup_ns nope $CLIENT $SERVER && echo reached the end`},

	{"the kernel's tools/testing/selftests/bpf scripts, such as test_lwt_ip_encap.sh", `
cleanup() { ip netns del ns1 2>/dev/null; ip netns del ns2 2>/dev/null; ip link del v1 2>/dev/null; }
cleanup
set -e
trap cleanup 0 2 3 6 9
ip netns add ns1
ip netns add ns2
ip netns exec ns1 sysctl -wq net.ipv4.conf.all.rp_filter=0
ip link add v1 type veth peer name v2
ip link set v1 netns ns1; ip link set v2 netns ns2
ip netns exec ns1 ip addr add 172.16.1.1/24 dev v1; ip netns exec ns2 ip addr add 172.16.1.2/24 dev v2
ip -netns ns1 link set dev v1 up; ip -netns ns2 link set dev v2 up
ip netns exec ns1 ping -c 1 -W 2 -I v1 172.16.1.2 >/dev/null
ip netns exec ns1 cat /proc/sys/net/ipv4/conf/all/rp_filter
echo reached the end`},

	{"the kernel's tc-testing (tdc): a prefix for every command", `
NAMES="DEV0=v0p0 DEV1=v0p1 NS=tcut"; eval $NAMES
adjust="ip netns exec $NS"
ip netns add $NS
ip link add $DEV0 type veth peer name $DEV1
ip link set $DEV1 netns $NS
ip link set $DEV0 up
ip -n $NS link set $DEV1 up
run() { $adjust sh -c "$1"; code=$?; test $code = "$2" && echo "ok $3" || echo "not ok $3: $code"; }
run "ip -br link show $DEV1 | grep -c $DEV1" 0 1
run "ip link show nope 2>/dev/null" 1 2
run "exit 255" 255 3
run "cat /sys/class/net/$DEV1/operstate" 0 4
run "test -d /sys/class/net/$DEV0" 1 5
ip netns delete $NS && echo reached the end`},

	{"Ansible's community.general.ip_netns: state present and absent, twice", `
exists() { out=$(ip netns list) || exit 1; case $out in *"$1"*) return 0 ;; *) return 1 ;; esac; }
present() { if exists $1; then echo changed=false; else ip netns add $1 || exit 1; exists $1 && echo changed=true; fi; }
absent() { if exists $1; then ip netns del $1 || exit 1; exists $1 || echo changed=true; else echo changed=false; fi; }
present foo; present foo; absent foo; absent foo; present foo
ip netns exec foo ip link set lo up
ip netns add foo 2>&1 | grep -o "File exists"
ip netns del bar 2>&1 | grep -o "No such file or directory"
echo reached the end`},

	{"OpenStack Neutron's ip_lib: ip -o netns list, and errors matched by their words", `
names() { ip -o netns list | awk '{ print $1 }'; }
exists() { names | grep -qx "$1"; }
ensure() {
	exists $1 && return
	ip netns add $1 && ip netns exec $1 sysctl -w net.ipv4.conf.all.promote_secondaries=1 && ip netns exec $1 ip link set lo up
}
delete() { # as remove_netns does
	err=$(ip netns delete $1 2>&1) && return
	case $err in *"No such file or directory"*) echo "$1 is gone" ;; *) echo "$err"; exit 1 ;; esac
}
ensure qrouter-1; ensure qrouter-1; ensure qdhcp-1; ip netns set qdhcp-1 5
exists qdhcp-1 && exists qrouter-1 && ! exists qrouter && echo found
ip netns exec qrouter-1 ip -o -d link show lo | grep -c LOOPBACK,UP
ip netns exec qrouter-1 ip -4 -o addr show dev lo | awk '{ print $2, $4 }'
ip link add tap1 type veth peer name tap2 && ip link set tap1 netns qrouter-1 && ip netns exec qrouter-1 ip link set tap1 name qr-1
ip netns exec qrouter-1 ip -br link show qr-1 | wc -l
for ns in $(names | sort); do delete $ns; done
delete qdhcp-1
echo reached the end`},

	{"wireguard.com/netns: a link made outside, moved inside, with /etc/netns", `
set -e
mkdir -p /etc/netns/container; echo nameserver 192.0.2.53 >/etc/netns/container/resolv.conf
trap 'rm -r /etc/netns/container' EXIT
ip netns add container
ip link add wg0 type veth peer name vwg
ip link set wg0 netns container
ip -n container addr add 192.168.4.33/32 dev wg0
ip netns exec container ip link set lo up
ip netns exec container ip link set wg0 up
ip -n container route add default dev wg0
ip netns exec container cat /etc/resolv.conf
ip netns exec container ip route show default | awk '{ print $1, $3 }'
ip netns identify $$
ip netns exec container sh -c 'ip netns identify $$'
ip netns del container
echo reached the end`},

	{"namespaced-openvpn and netns-exec scripts: the processes inside are ended first", `
NS=protected
if ip netns show $NS | grep -qw $NS; then ip netns delete $NS; fi
ip netns add $NS && ip netns exec $NS ip link set dev lo up
ip netns exec $NS sleep 60 & first=$!
ip netns exec $NS sleep 60 & second=$!
until test $(ip netns pids $NS | wc -l) = 2; do :; done
ip netns pids $NS | xargs kill
wait $first 2>/dev/null; echo $?
wait $second 2>/dev/null; echo $?
until test $(ip netns pids $NS | wc -l) = 0; do :; done
ip netns delete $NS
ip netns list | grep -c . # nothing
echo reached the end`},

	{"systemd units netns@.service: the name is mounted anew, for PrivateNetwork=yes", `
set -e
ip netns add unit
unshare --net sh -e -c 'umount /run/netns/unit; mount --bind /proc/self/ns/net /run/netns/unit'
ip netns exec unit ip link set lo up
ip netns exec unit ping -q -c 1 127.0.0.1 >/dev/null
ip netns list
ip netns del unit
test ! -e /run/netns/unit
echo reached the end`},

	{"pipework and Mininet's host attachment: a link to the namespace of a process", `
set -e
unshare --net sleep 60 & PID=$!
trap 'kill $PID' EXIT
until test "$(readlink /proc/$PID/ns/net)" != "$(readlink /proc/self/ns/net)"; do :; done
mkdir -p /var/run/netns
rm -f /run/netns/h1; ln -s /proc/$PID/ns/net /run/netns/h1
ip link add h1-eth0 type veth peer name vh1
ip link set h1-eth0 netns h1
ip netns exec h1 ip addr add 10.0.0.1/8 dev h1-eth0
ip netns exec h1 ip link set h1-eth0 up
ip netns exec h1 ip -br addr show h1-eth0 | awk '{ print $3 }'
ip netns list
rm /run/netns/h1
ip netns attach h2 $PID
ip netns exec h2 ip -br link show h1-eth0 | wc -l
test "$(ip netns identify $PID)" = h2
ip netns del h2
echo reached the end`},

	{"CNI's scripts/priv-net-run.sh: a random name, a path, a trap", `
set -e
contid=$(printf '%x%x%x%x' $RANDOM $RANDOM $RANDOM $RANDOM)
netnspath=/run/netns/$contid
ip netns add $contid
cleanup() { ip netns delete $contid; test ! -e $netnspath; echo reached the end; }
trap cleanup EXIT
nsenter --net=$netnspath ip link set lo up
CNI_CONTAINERID=$contid ip netns exec $contid sh -c 'test $CNI_CONTAINERID && echo "$0 $*" && ip -br link | wc -l; exit 7' a "b  c"`},

	{"clean-up loops over ip netns list, with and without ids", `
for n in r1 r2 r3 h1; do ip netns add $n; ip -n $n link set lo up; done
ip netns set r1 11; ip netns set h1 12
ip netns list | sort
ip netns | while read ns; do case $ns in r1*|r2*) ip netns del $ns ;; esac; done
ip netns list | sort
ip netns list | cut -d' ' -f1 | sort | xargs -I NS ip netns exec NS cat /sys/class/net/lo/ifindex
ip -all netns exec true | sort
if ip netns show r3 >/dev/null; then ip netns del r3; fi
ip -all netns del
ip netns list
echo reached the end`},
}
