# Shows what netns does, on a namespace that the script makes and removes. make demo runs it.
set -eu
exec 2>&1
netns=$1

show() {
	printf '\n# netns %s\n' "$*"
	"$netns" "$@"
}

test -e /run/netns || fresh=yes
clean() {
	test -z "${made-}" || "$netns" delete --if-exists demo
	# netns leaves the run directory, as ip netns does, but a demonstration leaves the machine as it was.
	test -z "${fresh-}" || { umount /run/netns && rmdir /run/netns; }
}
trap clean EXIT
trap 'exit 1' INT TERM HUP

show create -v demo
made=yes
show list -o json
show exec demo cat /proc/net/dev
show exec demo sh -c 'echo "lo has flags $(cat /sys/class/net/lo/flags) (1 is up) and index $(cat /sys/class/net/lo/ifindex)"'
printf '\nA second one under the name fails, and changes nothing:\n'
show create demo || echo "exit code $?"
show delete demo
show list
