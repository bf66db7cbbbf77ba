package recovery

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// If several repairs run at once, beside creates and deletes, each name still shows its namespace.
func TestRepairsAtOnce(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "first")
	script := fmt.Sprintf(`
names='a b c d'
for round in $(seq %d); do
	netns create -q $names || exit
	was=$(cd /run/netns; stat -c %%n:%%i $names)
	for n in $names; do mount --bind /run/netns/$n /run/netns/$n || exit; done
	netns recover -q & one=$!
	netns recover -q & two=$!
	(netns create -q x$round y$round && netns delete -q x$round y$round || echo "round $round: create or delete") &
	three=$!
	wait $one $two $three
	now=$(cd /run/netns; stat -c %%n:%%i $names)
	[ "$now" = "$was" ] || echo "round $round: $was became $now"
	[ $(grep -c ' /run/netns/[abcd] ' /proc/self/mountinfo) = 4 ] || echo "round $round: still doubled"
	netns delete -q $names || exit
done
`, world.Rounds(30, 300))
	if r := world.Sh(t, script); r.Code != 0 || r.Stdout != "" {
		t.Error(r)
	}
	world.Netns(t, "delete", "first")
}

// recover finds the run directory by its identity: also by a path with a link, and not below another mount.
func TestRecoverFindsTheDirectory(t *testing.T) {
	world.Clean(t)
	odd := "a\u00a0b" // a no-break space, which mountinfo does not escape
	world.Netns(t, "create", "-q", "a", odd)
	was := inodeOf(t, "a")
	link := world.Scratch + "/link"
	os.Symlink("/run", link)
	defer os.Remove(link)
	for _, name := range []string{"a", odd} {
		for _, dir := range []string{"/run/netns", link + "/netns"} {
			world.Sh(t, fmt.Sprintf("mount --bind '/run/netns/%s' '/run/netns/%s'", name, name)).Want(t, 0)
			world.Netns(t, "--dir", dir, "recover")
			info, err := os.ReadFile("/proc/self/mountinfo")
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(info), " /run/netns/"+name+" "); n != 1 || inodeOf(t, "a") != was {
				t.Errorf("%s by %s: %d mounts, a is %s and was %s", name, dir, n, inodeOf(t, "a"), was)
			}
		}
	}
	r := world.Sh(t, `unshare -m --propagation private sh -c 'mount -t tmpfs -o mode=755 run /run && netns create -q x && netns recover && netns exec x true && netns delete x && netns recover'`)
	if r.Code != 0 || r.Stdout != "" || r.Stderr != "" {
		t.Error(r)
	}
	world.Netns(t, "delete", "a", odd)
}

// If no more mount namespaces can be made, the verbs work without the look below a mount.
func TestMountNamespacesUsedUp(t *testing.T) {
	world.Clean(t)
	r := world.Sh(t, `unshare -U -r -m -n -p -f --kill-child --mount-proc --propagation private sh -c '
mount -t tmpfs run /run && netns create -q a b c && netns create -q --rollback-on-fail=false d || exit 99
echo 0 >/proc/sys/user/max_mnt_namespaces; unshare -m true 2>/dev/null && exit 98
for v in list "list -o wide" "inspect a" "verify a" "delete a" "delete b c"; do netns $v >/srv/said 2>&1 || echo "$v: $(cat /srv/said)"; done
netns recover 2>&1 | grep -q max_mnt_namespaces || echo "recover does not name the limit"
netns add e && netns exec --net-only e true && netns delete --all || echo "add, exec --net-only or delete --all"
netns list'`)
	if r.Code != 0 || r.Stdout != "" {
		t.Error(r)
	}
	os.Remove("/srv/said")
}
