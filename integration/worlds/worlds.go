//go:build linux && (amd64 || arm64)

package main

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Groups of verbs.
const (
	lists   = "list, list -o table, list -o wide, list -o json, list --all" // not list -o name, which needs less
	shows   = "inspect, inspect -o json, verify"
	pids    = "pids, pids --all"
	makes   = "create, create --rollback-on-fail=false, add"
	removes = "delete, delete --force, delete --wait"
	enters  = "exec, exec --user, exec --all, exec late" // these make a mount namespace
	netOnly = "exec --net-only"
	runs    = "run, run --net-only"
	repairs = "recover --dry-run, recover, recover (again)"
	exists  = "create (there), create late, create late-ip"
	asIs    = "create --if-not-exists, create --if-not-exists late"
	// everyVerb has the verbs that read the run directory and run no command.
	everyVerb = lists + ", list -o name, " + shows + ", " + pids + ", identify, set, list-id, monitor, create --dry-run, " + makes + ", " +
		asIs + ", " + exists + ", attach, " + removes + ", delete (several), delete --if-exists, delete --kill, delete --all, " + repairs
)

// The new namespaces of a world.
const (
	container = unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET
	apart     = unix.CLONE_NEWNS
	rootless  = container | unix.CLONE_NEWUSER
)

var (
	rootAlone = []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}}
	everybody = []syscall.SysProcIDMap{{ContainerID: 0, HostID: 100000, Size: 65536}}
)

// The README's table begins with these four.
var service = user(1000, unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_NET_RAW, unix.CAP_DAC_OVERRIDE)

var (
	private  = propagating(unix.MS_PRIVATE)
	slave    = propagating(unix.MS_SLAVE)
	freshRun = mounts(mount{"tmpfs", "/run", "tmpfs", 0, "mode=755"})
)

// Differences that several worlds have.
var (
	left = override{repairs, exit(8), "", "the world does not see what the machine mounted later, so recover leaves it"}

	leftThere = override{"recover on the machine", exit(8), "", "the machine does not see what the world mounted, so recover leaves it"}

	// The container's /proc does not show the process of the machine in early.
	othersHidden = override{"delete --kill early", exit(8), "", "/proc may hide processes, so none is killed and nothing is deleted"}

	// The mount namespace of these names has ended.
	isDead = []override{leftThere, left, othersHidden,
		{"verify, set, " + pids, exit(4), "", "the names show nothing; create and delete take them for stale"},
		{"exec, exec --user, " + netOnly, exit(125), "", "the names show nothing"}}

	noOtherUser   = override{"exec --user", exit(125), "", "no other user is mapped"}
	noSetgroups   = override{"exec --user", exit(125), "CAP_SETGID", "the command becomes another user"}
	noPtrace      = override{"identify, attach", exit(6), "CAP_SYS_PTRACE", "the process is root's"}
	nothingKilled = override{"delete --kill", exit(6), "CAP_SYS_PTRACE", "without it /proc hides processes, so none is killed and nothing is deleted"}

	noAdmin = []override{
		{"verify, attach, " + makes + ", " + removes + ", delete (several), delete --kill, delete --all, " + repairs, exit(6), "CAP_SYS_ADMIN",
			"entering, mounting and unmounting need it"},
		{exists, exit(4, 6), "", "netns may first see that the name exists, or first meet the refusal"},
		{enters + ", " + netOnly, exit(125), "CAP_SYS_ADMIN", "entering needs it"},
	}
	killRefused = override{"delete --kill", exit(1, 8), "", "the kernel refuses it, or netns cannot see whether processes are hidden"}

	// The capability is there, so the message must name the filter instead.
	noMounts = []override{
		{makes + ", attach, " + removes + ", delete (several), delete --all", exit(1), "seccomp", "the filter refuses mounts"},
		killRefused,
		{exists, exit(1, 4), "", "netns may first see that the name exists, or first meet the refusal"},
		{repairs, exit(1, 8), "seccomp", "netns cannot look below a mount"},
		{enters + ", run", exit(125), "seccomp", "exec and run mount"},
	}
)

var worlds = []*world{
	{name: "plain", is: "root on the machine"},
	{name: "/run shared", is: "the machine's /run is a shared mount, as systemd makes it",
		host: mounts(mount{"", "/run", "", unix.MS_SHARED, ""})},
	{name: "/run shared, by ip", is: "the same, and ip netns has set the run directory up", ipFirst: true,
		host: mounts(mount{"", "/run", "", unix.MS_SHARED, ""}),
		but: []override{{repairs + ", recover on the machine", exit(0, 8), "", "before version 7 ip leaves the directory in /run's peer group, " +
			"so the kernel mounts everything twice; recover mends that only while the directory is empty"}}},
	{name: "/run covered", is: "a mount namespace with a second tmpfs on /run, which covers the machine's run directory",
		flags: apart, enter: all(private, freshRun)},
	{name: "/run on overlayfs", is: "the machine's /run is an overlay", host: overlayRun},
	{name: "restarted", is: "a container started again: its names are still in the machine's run directory, on an overlay, and the " +
		"mount namespace in which they were mounted has ended", flags: container, host: overlayRun, restarted: true, needs: linux(6, 11),
		enter: all(private, mounts(ownProc)),
		but:   isDead},
	{name: "restarted, own boot id", is: "the same, with another boot id at each start", flags: container, host: overlayRun, restarted: true,
		needs: linux(6, 11), enter: all(private, mounts(ownProc), ownBootID("1111")), close: ownBootID("2222"), but: isDead},

	{name: "container, private", is: "PID, mount and network namespaces of its own, with the machine's run directory, private: " +
		"as docker run -v makes it", flags: container, enter: all(private, mounts(ownProc)), but: []override{leftThere, left, othersHidden}},
	{name: "container, slave", is: "the same, as a slave: what the machine mounts comes in",
		flags: container, enter: all(slave, mounts(ownProc)), but: []override{leftThere, othersHidden}},
	{name: "container, shared", is: "the same, shared: both see what the other mounts",
		flags: container, enter: mounts(ownProc), but: []override{othersHidden}},
	{name: "container, private, own boot id", is: "the same with a boot id of its own, as systemd-nspawn and LXC give it",
		flags: container, enter: all(private, mounts(ownProc), ownBootID("1111")), but: []override{leftThere, left, othersHidden}},
	{name: "container, slave, own boot id", is: "the same, as a slave",
		flags: container, enter: all(slave, mounts(ownProc), ownBootID("1111")), but: []override{leftThere, othersHidden}},
	{name: "container, shared, own boot id", is: "the same, shared",
		flags: container, enter: all(mounts(ownProc), ownBootID("1111")), but: []override{othersHidden}},

	{name: "hidepid", is: "root, /proc mounted with hidepid=2", flags: apart, enter: slave,
		close: mounts(mount{"proc", "/proc", "proc", 0, "hidepid=2"}), but: []override{leftThere}},
	{name: "hidepid, service", is: "a service user with the four capabilities, hidepid=2, the run directory private: systemd's " +
		"ProtectProc=invisible", flags: apart, enter: private, launch: service,
		close: mounts(mount{"proc", "/proc", "proc", 0, "hidepid=2"}),
		but: []override{leftThere, left, noSetgroups, nothingKilled,
			{"delete --kill early", exit(6), "CAP_SYS_PTRACE", "the same"},
			{"identify, attach", exit(3, 6), "", "/proc hides root's process"}}},
	{name: "subset=pid", is: "root, /proc mounted with subset=pid, so without /proc/sys: ProcSubset=pid", flags: apart, enter: slave,
		close: mounts(mount{"proc", "/proc", "proc", 0, "subset=pid"}),
		but:   []override{leftThere, {repairs, exit(0, 8), "", "without the boot id, recover may leave what was unmounted by hand"}}},
	{name: "no /proc", is: "root, nothing mounted on /proc", flags: apart, enter: slave, close: noProc,
		but: []override{leftThere,
			{lists + ", list-id, identify, create --dry-run, delete --if-exists, " + asIs, exit(0, 9), "/proc", "netns may do without /proc"},
			{exists, exit(4, 9), "", "the same"},
			{shows + ", " + pids + ", set, " + makes + ", attach, " + removes + ", delete (several), delete --kill, delete --all, " +
				repairs, exit(9), "/proc", "netns needs /proc"},
			{"monitor", exit(9, 128+15), "/proc", "netns may do without /proc"},
			{enters + ", " + netOnly + ", " + runs, exit(125), "/proc", "netns needs /proc"},
		}},
	{name: "/sys read-only", is: "root, /sys mounted read-only", flags: apart, enter: slave,
		close: mounts(mount{"", "/sys", "", unix.MS_REMOUNT | unix.MS_BIND | unix.MS_RDONLY, ""}), but: []override{leftThere}},
	{name: "/sys covered", is: "root, a tmpfs on /sys/kernel", flags: apart, enter: slave,
		close: mounts(mount{"tmpfs", "/sys/kernel", "tmpfs", 0, ""}), but: []override{leftThere}},
	{name: "chroot", is: "root in a chroot whose root directory is no mount", enter: chrootDir, launch: chroot, root: rootDir,
		but: []override{{enters + ", run", exit(125), "", "the kernel can make only a mount private; --net-only makes none"}}},

	{name: "rootless", is: "a user namespace with root alone mapped, and PID, mount and network namespaces, with a /run of its own",
		flags: rootless, ids: rootAlone, enter: all(private, mounts(ownProc), freshRun), but: []override{noOtherUser}},
	{name: "rootless, the machine's /run", refused: true, is: "the same, with the machine's run directory: its mounts are locked",
		flags: rootless, ids: rootAlone, enter: all(private, mounts(ownProc)),
		but: []override{leftThere, noOtherUser, left, othersHidden,
			{"exec --all", exit(125), "", "the kernel refuses to enter the machine's namespaces"},
			{"delete --kill", exit(8), "", "netns cannot see where the namespace was made, and so not who else may be in it"},
			{"delete --all", nil, "", "the kernel refuses to unmount the machine's"}}},
	{name: "65536 users", is: "a user namespace of another user's with 65536 users mapped, 65534 too, and a root directory of its own: " +
		"userns-remap", flags: rootless, ids: everybody, enter: all(private, mounts(ownProc), ownRoot)},
	{name: "no network namespaces", is: "rootless, user.max_net_namespaces reached", flags: rootless, ids: rootAlone,
		enter: all(private, mounts(ownProc), freshRun), close: limit("max_net_namespaces"),
		but: []override{noOtherUser,
			{makes, exit(1), "max_net_namespaces", "it makes a namespace"},
			{"delete --wait", exit(0, 1), "max_net_namespaces", "it makes a namespace from which it watches the kernel"},
			{runs, exit(125), "max_net_namespaces", "it makes a namespace"}}},
	{name: "no mount namespaces", is: "rootless, user.max_mnt_namespaces reached", flags: rootless, ids: rootAlone,
		enter: all(private, mounts(ownProc), freshRun), close: limit("max_mnt_namespaces"),
		but: []override{
			{"exec, exec --all, run", exit(125), "max_mnt_namespaces", "it makes a mount namespace; --net-only makes none"},
			noOtherUser,
			{"delete --kill", exit(8), "max_mnt_namespaces", "netns cannot see where the namespace was made, and so not who else may be in it"},
			{repairs, exit(0, 8), "max_mnt_namespaces", "netns cannot look below a mount"}}},

	{name: "service", is: "a service user with the four capabilities, ambient", launch: service,
		but: []override{noSetgroups, noPtrace, nothingKilled}},
	{name: "service, first", is: "the same, where there is no run directory yet", flags: apart, empty: true, launch: service,
		enter: all(private, freshRun),
		but: []override{
			{makes + ", create --if-not-exists, create (there)", exit(6), "", "only root makes the run directory, since it would lock root out otherwise"},
			{"create --dry-run", exit(0, 6), "", "a dry run may say so"},
			noPtrace,
			{shows + ", " + pids + ", set, " + removes, exit(3), "", "there are no names"},
			{"delete --kill", exit(3, 6), "", "the same"},
			{"exec, exec --user, " + netOnly, exit(125), "", "the same"}}},
	{name: "user", is: "an ordinary user without capabilities", launch: user(1000),
		but: append([]override{noPtrace, {"set", exit(6), "CAP_NET_ADMIN", "setting an id needs it"}}, append(noAdmin,
			override{"attach, delete --kill", exit(6), "", "the message names one of the missing capabilities"})...)},
	{name: "without CAP_SYS_ADMIN", is: "root without it", launch: without(unix.CAP_SYS_ADMIN), but: noAdmin},
	{name: "without CAP_NET_ADMIN", is: "root without it", launch: without(unix.CAP_NET_ADMIN),
		but: []override{
			{"set, create, add, delete --wait", exit(6), "CAP_NET_ADMIN", "setting an id, lo and watching need it"},
			{"create --rollback-on-fail=false", exit(8), "CAP_NET_ADMIN", "create keeps what it has made"}}},
	{name: "without CAP_NET_RAW", is: "root without it", launch: without(unix.CAP_NET_RAW),
		but: []override{
			{"verify, create, add", exit(6), "CAP_NET_RAW", "the echo needs it"},
			{"create --rollback-on-fail=false", exit(8), "CAP_NET_RAW", "create keeps what it has made"}}},
	{name: "without CAP_DAC_OVERRIDE", is: "root without it, and without CAP_DAC_READ_SEARCH",
		launch: without(unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH),
		but: []override{{removes + ", delete (several), delete --kill, delete --all, " + repairs, exit(6), "CAP_DAC_OVERRIDE",
			"a claim has mode 0"}}},
	{name: "without CAP_SYS_PTRACE", is: "root without it", launch: without(unix.CAP_SYS_PTRACE),
		but: []override{noPtrace, nothingKilled}},
	{name: "without CAP_KILL", is: "root without it", launch: without(unix.CAP_KILL),
		but: []override{{"delete --kill", exit(6), "CAP_KILL", "the process is another user's"}}},
	{name: "without CAP_SETGID", is: "root without it, and without CAP_SETUID", launch: without(unix.CAP_SETUID, unix.CAP_SETGID),
		but: []override{noSetgroups}},

	{name: "seccomp, no mounts", refused: true, is: "the calls of systemd's set @mount fail with EPERM: SystemCallFilter=~@mount",
		launch: filter(refusal{unix.EPERM, 0, mountCalls}), but: noMounts},
	{name: "seccomp, docker", refused: true, is: "docker's default profile, beside all capabilities: mounts and namespaces fail with EPERM, clone3 with ENOSYS",
		launch: filter(refusal{unix.EPERM, 0, dockerCalls}, refusal{unix.EPERM, anyNamespace, cloneCalls}, refusal{unix.ENOSYS, 0, clone3}),
		but: append(append([]override{}, noMounts...),
			override{"verify", exit(1), "seccomp", "the filter refuses setns"},
			override{"inspect, inspect -o json", exit(0, 1), "seccomp", "netns leaves out what is inside, or says that it cannot see it"},
			override{netOnly + ", " + runs, exit(125), "seccomp", "the filter refuses setns and unshare"})},
	{name: "seccomp, new calls ENOSYS", refused: true, is: "a profile from before Linux 5.2, of a new runc: what it does not know fails with ENOSYS",
		launch: filter(refusal{unix.ENOSYS, 0, newCalls}),
		but: []override{
			{lists + ", list-id, " + shows + ", " + asIs, exit(0, 9), "", "netns cannot look below a mount"},
			{makes + ", attach, " + removes + ", delete (several), delete --kill, delete --all, " + repairs, exit(9), "", "netns needs Linux 5.2"},
			{"delete --kill", exit(8, 9), "", "the same, or netns cannot see whether processes are hidden"},
			{exists, exit(4, 9), "", "netns may first see that the name exists, or first meet the refusal"},
			{enters, exit(125), "", "netns needs Linux 5.2"},
			{"run", exit(0, 125), "", "it may go on with the caller's /sys"}}},
	{name: "seccomp, new calls EPERM", refused: true, is: "the same of an old runc: what it does not know fails with EPERM",
		launch: filter(refusal{unix.EPERM, 0, newCalls}),
		but: []override{
			{removes + ", delete (several), delete --all", exit(1), "seccomp", "netns cannot look below a mount"},
			killRefused,
			{repairs, exit(1, 8), "seccomp", "the same"},
			{enters, exit(0), "seccomp", "the filter refuses fsopen, so the command sees the caller's /sys"},
			{"run", exit(0, 125), "seccomp", "it may go on with the caller's /sys"}}},
	{name: "seccomp, no listmount", is: "a profile from before Linux 6.8: listmount and statmount fail with EPERM; the run directory is private",
		flags: apart, enter: private, launch: filter(refusal{unix.EPERM, 0, listCalls}), but: []override{leftThere, left}},
	{name: "seccomp, listmount ENOSYS", is: "the same with ENOSYS, as on a kernel that has no such calls",
		flags: apart, enter: private, launch: filter(refusal{unix.ENOSYS, 0, listCalls}), but: []override{leftThere, left}},
	{name: "seccomp, no pidfd", is: "pidfd_open and its like, clone3, close_range, openat2 fail with ENOSYS",
		launch: filter(refusal{unix.ENOSYS, 0, processCalls}),
		but:    []override{{"delete --kill", exit(9), "pidfd", "netns kills no process by its number alone"}}},
	{name: "seccomp, no unshare", is: "unshare and setns fail with EPERM", launch: filter(refusal{unix.EPERM, 0, enterCalls}),
		but: []override{
			{"verify, " + makes + ", delete --wait", exit(1), "seccomp", "the filter refuses to make or enter namespaces"},
			{"inspect, inspect -o json", exit(0, 1), "seccomp", "netns leaves out what is inside, or says that it cannot see it"},
			{enters + ", " + netOnly + ", " + runs, exit(125), "seccomp", "the same"}}},

	{name: "ACL", is: "an access control list lets another user write to the run directory",
		close: func() error { return letWrite(runDir, 1000) },
		but: []override{
			{everyVerb + ", recover on the machine", exit(1), runDir, "netns does not trust it"},
			{enters + ", " + netOnly, exit(125), runDir, "netns does not trust it"}}},
	{name: "beside ip netns", is: "ip netns add and del run all the time, twice", restless: true,
		but: []override{{repairs + ", recover on the machine", exit(0, 8), "", "recover leaves a young file of ip's"},
			{"exec --all", exit(0, 125), "", "the message names what ip deleted meanwhile"},
			{"delete --all", exit(0, 5), "", "the message names a young file of ip's"}}},
	{name: "eight files", refused: true, is: "ulimit -n 8", launch: files(8),
		but: []override{
			{everyVerb, exit(0, 1), "", "it works, or the message says: too many open files"},
			{"delete --kill", exit(0, 1, 8), "", "the same, or netns cannot see whether processes are hidden"},
			{exists, exit(1, 4), "", "the same"},
			{"delete (several)", exit(1, 3), "", "the same"},
			{"monitor", exit(1, 128+15), "", "the same"},
			{repairs, exit(0, 1, 8), "", "the same"},
			{enters + ", " + netOnly + ", " + runs, exit(0, 125), "", "the same"}}},
}
