//go:build linux && (amd64 || arm64)

package main

import (
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// A world is one surrounding of the command. Its functions are run in this order: host on the machine, before there is
// anything; enter by the world's first process; close by the same when the subjects are made; launch by each command.
type world struct {
	name, is string
	flags    uintptr // the namespaces that the first process gets of its own
	ids      []syscall.SysProcIDMap
	root     string // the commands' root directory, as the first process sees it

	host, enter, close, launch func() error

	empty     bool // no subjects are made
	restarted bool // the subjects are made in a mount namespace that has ended
	restless  bool // ip netns adds and deletes meanwhile
	ipFirst   bool // ip netns sets the run directory up
	refused   bool // what is refused here, delete --kill may meet when the processes have been ended already

	needs func() string // says why this machine cannot have the world, or ""

	but []override
}

// An override is what comes out of some verbs in a world, unlike in a plain one.
type override struct {
	verbs string // by their names, comma-separated, or a group
	codes []int  // none: the row is left out
	says  string // what the message must name, if the exit code is not 0
	why   string
}

// An expectation is what a cell must be.
type expectation struct {
	codes []int
	says  string
}

// expect returns what must come out of a verb in the world: the last override that names it.
func (w *world) expect(v *verb) expectation {
	for _, o := range slices.Backward(w.but) {
		if slices.Contains(strings.Split(o.verbs, ", "), v.name) {
			return expectation{o.codes, o.says}
		}
	}
	return expectation{v.codes, ""}
}

// Groups of verbs.
const (
	lists   = "list, list -o table, list -o wide, list -o json, list --all" // but list -o name, which takes less
	shows   = "inspect, inspect -o json, verify"
	pids    = "pids, pids --all"
	makes   = "create, create --rollback-on-fail=false, add"
	removes = "delete, delete --force, delete --wait"
	enters  = "exec, exec --user, exec --all, exec late" // with a mount namespace
	// netOnly are those that enter no mount namespace.
	netOnly = "exec --net-only"
	runs    = "run, run --net-only"
	repairs = "recover --dry-run, recover, recover (again)"
	exists  = "create (there), create late, create late-ip"
	asIs    = "create --if-not-exists, create --if-not-exists late"
	// everyVerb are all that look into the run directory, but those that run commands.
	everyVerb = lists + ", list -o name, " + shows + ", " + pids + ", identify, set, list-id, monitor, create --dry-run, " + makes + ", " +
		asIs + ", " + exists + ", attach, " + removes + ", delete (several), delete --if-exists, delete --kill, delete --all, " + repairs
)

// The namespaces that a world has of its own.
const (
	container = unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET
	apart     = unix.CLONE_NEWNS
	rootless  = container | unix.CLONE_NEWUSER
)

var (
	rootAlone = []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}}
	everybody = []syscall.SysProcIDMap{{ContainerID: 0, HostID: 100000, Size: 65536}}
)

// The README names these four.
var service = user(1000, unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_NET_RAW, unix.CAP_DAC_OVERRIDE)

var (
	private  = propagating(unix.MS_PRIVATE)
	slave    = propagating(unix.MS_SLAVE)
	freshRun = mounts(mount{"tmpfs", "/run", "tmpfs", 0, "mode=755"})
)

// What is different in several worlds.
var (
	left = override{repairs, exit(8), "", "what the machine mounted since cannot be seen from here, so it is left"}

	// The same the other way round.
	leftThere = override{"recover on the machine", exit(8), "", "what is mounted here cannot be seen there, so it is left"}

	// The machine's process in there is in no /proc of the container's.
	othersHidden = override{"delete --kill early", exit(8), "", "there may be processes that are not seen, so none is killed and nothing deleted"}

	// Names of a mount namespace that has ended.
	isDead = []override{leftThere, left, othersHidden,
		{"verify, set, " + pids, exit(4), "", "they show nothing; create and delete take them for stale"},
		{"exec, exec --user, " + netOnly, exit(125), "", "they show nothing"}}

	noOtherUser   = override{"exec --user", exit(125), "", "no other user is mapped"}
	noSetgroups   = override{"exec --user", exit(125), "CAP_SETGID", "it would become another user"}
	noPtrace      = override{"identify, attach", exit(6), "CAP_SYS_PTRACE", "the process is root's"}
	nothingKilled = override{"delete --kill", exit(6), "CAP_SYS_PTRACE", "processes cannot be seen, so none is killed and nothing deleted"}

	noAdmin = []override{
		{"verify, attach, " + makes + ", " + removes + ", delete (several), delete --kill, delete --all, " + repairs, exit(6), "CAP_SYS_ADMIN",
			"entering, mounting and unmounting need it"},
		{exists, exit(4, 6), "", "that it is there may be seen first, or last"},
		{enters + ", " + netOnly, exit(125), "CAP_SYS_ADMIN", "entering needs it"},
	}
	killRefused = override{"delete --kill", exit(1, 8), "", "refused, or whether processes are hidden cannot be seen"}

	// A filter's EPERM is no lack of a capability, and the message must not say so.
	noMounts = []override{
		{makes + ", attach, " + removes + ", delete (several), delete --all", exit(1), "seccomp", "mounting is refused"},
		killRefused,
		{exists, exit(1, 4), "", "that it is there may be seen first, or last"},
		{repairs, exit(1, 8), "seccomp", "what is below a mount cannot be looked at"},
		{enters + ", run", exit(125), "seccomp", "no mount namespace can be furnished"},
	}
)

var worlds = []*world{
	{name: "plain", is: "root on the machine"},
	{name: "/run shared", is: "the machine's /run is a shared mount, as systemd makes it",
		host: mounts(mount{"", "/run", "", unix.MS_SHARED, ""})},
	{name: "/run shared, by ip", is: "the same, and ip netns has set the run directory up", ipFirst: true,
		host: mounts(mount{"", "/run", "", unix.MS_SHARED, ""}),
		but: []override{{repairs + ", recover on the machine", exit(0, 8), "", "before version 7 it leaves the directory in /run's peer group, " +
			"so that all is mounted twice, and that can be mended only while it is empty"}}},
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
	{name: "container, slave", is: "the same, as a slave: what the machine mounts comes in", flags: container, enter: all(slave, mounts(ownProc)), but: []override{leftThere, othersHidden}},
	{name: "container, shared", is: "the same, shared: both see what the other mounts", flags: container, enter: mounts(ownProc), but: []override{othersHidden}},
	{name: "container, private, own boot id", is: "the same with a boot id of its own, as systemd-nspawn and LXC give it",
		flags: container, enter: all(private, mounts(ownProc), ownBootID("1111")), but: []override{leftThere, left, othersHidden}},
	{name: "container, slave, own boot id", is: "the same, as a slave", flags: container, enter: all(slave, mounts(ownProc), ownBootID("1111")), but: []override{leftThere, othersHidden}},
	{name: "container, shared, own boot id", is: "the same, shared", flags: container, enter: all(mounts(ownProc), ownBootID("1111")), but: []override{othersHidden}},

	{name: "hidepid", is: "root, /proc mounted with hidepid=2", flags: apart, enter: slave,
		close: mounts(mount{"proc", "/proc", "proc", 0, "hidepid=2"}), but: []override{leftThere}},
	{name: "hidepid, service", is: "a service user with the four capabilities, hidepid=2, the run directory private: systemd's " +
		"ProtectProc=invisible", flags: apart, enter: private, launch: service,
		close: mounts(mount{"proc", "/proc", "proc", 0, "hidepid=2"}),
		but: []override{leftThere, left, noSetgroups, nothingKilled,
			{"delete --kill early", exit(6), "CAP_SYS_PTRACE", "the same"},
			{"identify, attach", exit(3, 6), "", "root's process is not there for this user"}}},
	{name: "subset=pid", is: "root, /proc mounted with subset=pid, so without /proc/sys: ProcSubset=pid", flags: apart, enter: slave,
		close: mounts(mount{"proc", "/proc", "proc", 0, "subset=pid"}),
		but:   []override{leftThere, {repairs, exit(0, 8), "", "without the boot id what was unmounted by hand may be left, and said"}}},
	{name: "no /proc", is: "root, nothing mounted on /proc", flags: apart, enter: slave, close: noProc,
		but: []override{leftThere,
			{lists + ", list-id, create --dry-run, delete --if-exists, " + asIs, exit(0, 9), "/proc", "it may be done without"},
			{exists, exit(4, 9), "", "the same"},
			{shows + ", " + pids + ", identify, set, " + makes + ", attach, " + removes + ", delete (several), delete --kill, delete --all, " +
				repairs, exit(9), "/proc", "it takes /proc"},
			{"monitor", exit(9, 128+15), "/proc", "it may be done without"},
			{enters + ", " + netOnly + ", " + runs, exit(125), "/proc", "it takes /proc"},
		}},
	{name: "/sys read-only", is: "root, /sys mounted read-only", flags: apart, enter: slave,
		close: mounts(mount{"", "/sys", "", unix.MS_REMOUNT | unix.MS_BIND | unix.MS_RDONLY, ""}), but: []override{leftThere}},
	{name: "/sys covered", is: "root, a tmpfs on /sys/kernel", flags: apart, enter: slave,
		close: mounts(mount{"tmpfs", "/sys/kernel", "tmpfs", 0, ""}), but: []override{leftThere}},
	{name: "chroot", is: "root in a chroot whose root directory is no mount", enter: chrootDir, launch: chroot, root: rootDir,
		but: []override{{enters + ", run", exit(125), "", "the kernel makes only a mount private; --net-only needs none"}}},

	{name: "rootless", is: "a user namespace with root alone mapped, and PID, mount and network namespaces, with a /run of its own",
		flags: rootless, ids: rootAlone, enter: all(private, mounts(ownProc), freshRun), but: []override{noOtherUser}},
	{name: "rootless, the machine's /run", refused: true, is: "the same, with the machine's run directory: its mounts are locked",
		flags: rootless, ids: rootAlone, enter: all(private, mounts(ownProc)),
		but: []override{leftThere, noOtherUser, left, othersHidden,
			{"exec --all", exit(125), "", "the machine's namespaces cannot be entered"},
			{"delete --all", nil, "", "left out: the machine's cannot be unmounted"}}},
	{name: "65536 users", is: "a user namespace of another user's with 65536 users mapped, 65534 too, and a root directory of its own: " +
		"userns-remap", flags: rootless, ids: everybody, enter: all(private, mounts(ownProc), ownRoot)},
	{name: "no network namespaces", is: "rootless, user.max_net_namespaces reached", flags: rootless, ids: rootAlone,
		enter: all(private, mounts(ownProc), freshRun), close: limit("max_net_namespaces"),
		but: []override{noOtherUser,
			{makes, exit(1), "max_net_namespaces", "a namespace is made"},
			{"delete --wait", exit(0, 1), "max_net_namespaces", "the kernel is watched from a namespace that is made for it"},
			{runs, exit(125), "max_net_namespaces", "a namespace is made"}}},
	{name: "no mount namespaces", is: "rootless, user.max_mnt_namespaces reached", flags: rootless, ids: rootAlone,
		enter: all(private, mounts(ownProc), freshRun), close: limit("max_mnt_namespaces"),
		but: []override{
			{"exec, exec --all, run", exit(125), "max_mnt_namespaces", "a mount namespace is made; --net-only needs none"},
			noOtherUser,
			{repairs, exit(0, 8), "max_mnt_namespaces", "below a mount nothing can be looked at"}}},

	{name: "service", is: "a service user with the four capabilities, ambient", launch: service,
		but: []override{noSetgroups, noPtrace, nothingKilled}},
	{name: "service, first", is: "the same, where there is no run directory yet", flags: apart, empty: true, launch: service,
		enter: all(private, freshRun),
		but: []override{
			{makes + ", create --if-not-exists, create (there)", exit(6), "", "it would lock root out: root makes the run directory"},
			{"create --dry-run", exit(0, 6), "", "it may say so before"},
			noPtrace,
			{shows + ", " + pids + ", set, " + removes, exit(3), "", "there are no names"},
			{"delete --kill", exit(3, 6), "", "the same"},
			{"exec, exec --user, " + netOnly, exit(125), "", "the same"}}},
	{name: "user", is: "an ordinary user without capabilities", launch: user(1000),
		but: append([]override{noPtrace, {"set", exit(6), "CAP_NET_ADMIN", "setting an id needs it"}}, append(noAdmin,
			override{"attach, delete --kill", exit(6), "", "one capability is named of those that are missing"})...)},
	{name: "without CAP_SYS_ADMIN", is: "root without it", launch: without(unix.CAP_SYS_ADMIN), but: noAdmin},
	{name: "without CAP_NET_ADMIN", is: "root without it", launch: without(unix.CAP_NET_ADMIN),
		but: []override{
			{"set, create, add, delete --wait", exit(6), "CAP_NET_ADMIN", "setting an id, lo and watching need it"},
			{"create --rollback-on-fail=false", exit(8), "CAP_NET_ADMIN", "what there is was kept"}}},
	{name: "without CAP_NET_RAW", is: "root without it", launch: without(unix.CAP_NET_RAW),
		but: []override{
			{"verify, create, add", exit(6), "CAP_NET_RAW", "the echo needs it"},
			{"create --rollback-on-fail=false", exit(8), "CAP_NET_RAW", "what there is was kept"}}},
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
			override{"verify", exit(1), "seccomp", "setns is refused"},
			override{"inspect, inspect -o json", exit(0, 1), "seccomp", "what is inside is left out, or that it cannot be seen is said"},
			override{netOnly + ", " + runs, exit(125), "seccomp", "setns and unshare are refused"})},
	{name: "seccomp, new calls ENOSYS", refused: true, is: "a profile from before Linux 5.2, of a new runc: what it does not know fails with ENOSYS",
		launch: filter(refusal{unix.ENOSYS, 0, newCalls}),
		but: []override{
			{lists + ", list-id, " + shows + ", " + asIs, exit(0, 9), "", "what is below a mount cannot be looked at"},
			{makes + ", attach, " + removes + ", delete (several), delete --kill, delete --all, " + repairs, exit(9), "", "netns needs Linux 5.2"},
			{"delete --kill", exit(8, 9), "", "the same, or whether processes are hidden cannot be seen"},
			{exists, exit(4, 9), "", "that it is there may be seen first, or last"},
			{enters, exit(125), "", "netns needs Linux 5.2"},
			{"run", exit(0, 125), "", "it may go on with the caller's /sys"}}},
	{name: "seccomp, new calls EPERM", refused: true, is: "the same of an old runc: what it does not know fails with EPERM",
		launch: filter(refusal{unix.EPERM, 0, newCalls}),
		but: []override{
			{removes + ", delete (several), delete --all", exit(1), "seccomp", "what is below a mount cannot be looked at"},
			killRefused,
			{repairs, exit(1, 8), "seccomp", "the same"},
			{enters, exit(125), "seccomp", "fsopen is refused"},
			{"run", exit(0, 125), "seccomp", "it may go on with the caller's /sys"}}},
	{name: "seccomp, no listmount", is: "a profile from before Linux 6.8: listmount and statmount fail with EPERM; the run directory is private",
		flags: apart, enter: private, launch: filter(refusal{unix.EPERM, 0, listCalls}), but: []override{leftThere, left}},
	{name: "seccomp, listmount ENOSYS", is: "the same with ENOSYS, as on a kernel that has no such calls",
		flags: apart, enter: private, launch: filter(refusal{unix.ENOSYS, 0, listCalls}), but: []override{leftThere, left}},
	{name: "seccomp, no pidfd", is: "pidfd_open and its like, clone3, close_range, openat2 fail with ENOSYS",
		launch: filter(refusal{unix.ENOSYS, 0, processCalls}),
		but:    []override{{"delete --kill", exit(9), "pidfd", "a number alone could be another process's"}}},
	{name: "seccomp, no unshare", is: "unshare and setns fail with EPERM", launch: filter(refusal{unix.EPERM, 0, enterCalls}),
		but: []override{
			{"verify, " + makes + ", delete --wait", exit(1), "seccomp", "no namespace can be made or entered"},
			{"inspect, inspect -o json", exit(0, 1), "seccomp", "what is inside is left out, or that it cannot be seen is said"},
			{enters + ", " + netOnly + ", " + runs, exit(125), "seccomp", "the same"}}},

	{name: "ACL", is: "an access control list lets another user write to the run directory",
		close: func() error { return letWrite(runDir, 1000) },
		but: []override{
			{everyVerb + ", recover on the machine", exit(1), runDir, "it is not trusted"},
			{enters + ", " + netOnly, exit(125), runDir, "it is not trusted"}}},
	{name: "beside ip netns", is: "ip netns add and del run all the time, twice", restless: true,
		but: []override{{repairs + ", recover on the machine", exit(0, 8), "", "a file of ip's that is a moment old is left"},
			{"exec --all", exit(0, 125), "", "what ip deletes meanwhile is named"}}},
	{name: "eight files", refused: true, is: "ulimit -n 8", launch: files(8),
		but: []override{
			{everyVerb, exit(0, 1), "", "done, or a message: too many open files"},
			{"delete --kill", exit(0, 1, 8), "", "the same, or whether processes are hidden cannot be seen"},
			{exists, exit(1, 4), "", "the same"},
			{"delete (several)", exit(1, 3), "", "the same"},
			{"monitor", exit(1, 128+15), "", "the same"},
			{repairs, exit(0, 1, 8), "", "the same"},
			{enters + ", " + netOnly + ", " + runs, exit(0, 125), "", "the same"}}},
}

func worldOf(name string) *world {
	i := slices.IndexFunc(worlds, func(w *world) bool { return w.name == name })
	if i < 0 {
		return &world{name: name, enter: func() error { return os.ErrNotExist }}
	}
	return worlds[i]
}
