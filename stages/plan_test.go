//go:build linux

package stages

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/netns-go/netns/persist"
)

func TestPlanNamesItsStages(t *testing.T) {
	for want, p := range map[string]*Plan{
		"NETNS_STAGE=unshare loopback verify publish": {Steps: []Step{Loopback(), Verify()}},
		"NETNS_STAGE=unshare publish":                 {},
		"NETNS_STAGE=attach publish":                  {Source: os.Stdin},
	} {
		if got := token(p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestCheckPlan(t *testing.T) {
	for _, test := range []struct {
		plan Plan
		want string // in the error, or "" for none
	}{
		{Plan{}, ""},
		{Plan{Names: []string{"a"}, Steps: []Step{Sysctl("net.ipv4.ip_forward=1"), Loopback(), Address("10.1.2.3/32"), Verify()}}, ""},
		{Plan{Names: []string{"a", "b"}, Keep: true}, ""},
		{Plan{Names: []string{"a", "b"}, Replace: true}, ""},
		{Plan{Names: []string{"a"}, Source: os.Stdin}, ""},
		{Plan{Names: []string{"a"}, Source: os.Stdin, Steps: []Step{Loopback()}}, "this one is attached"},
		{Plan{Names: []string{"a"}, Keep: true, Replace: true}, "replace"},
		{Plan{Names: []string{"a"}, Steps: []Step{{Stage: "nope"}}}, `stage "nope" is not registered`},
		{Plan{Names: []string{"a"}, Steps: []Step{Sysctl("kernel.pid_max=1")}}, "kernel.pid_max"},
		{Plan{Names: []string{"a/b"}}, "a/b"},
		{Plan{Names: []string{"a", "b", "a"}}, "it is given twice"},
	} {
		if err := test.plan.Check(); test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%+v: %v, want %q", test.plan, err, test.want)
		}
	}
	var name *persist.NameError
	if err := (&Plan{Names: []string{"a", "a"}}).Check(); !errors.As(err, &name) {
		t.Error(err)
	}
}

// A stage that main registers is unknown in the child, which never gets there. Here takes it.
func TestLateStage(t *testing.T) {
	const name = "test.late"
	Register(name, func([]byte) (Stage, error) { return attach{}, nil })
	defer func() { delete(registry, name); delete(late, name) }()
	if err := (&Plan{Steps: []Step{{Stage: name}}}).Check(); err == nil || !strings.Contains(err.Error(), "registered too late") {
		t.Error(err)
	}
	if err := Here(Step{Stage: name}); err != nil {
		t.Error(err)
	}
}

// Children share the work if there is enough of it.
func TestNamesAreShared(t *testing.T) {
	names := func(n int) []string { return make([]string, n) }
	many := (&transaction{plan: &Plan{Names: names(1 << 20)}}).children()
	for want, ones := range map[int][]*transaction{
		1: {
			{plan: &Plan{Names: names(1)}}, {plan: &Plan{Names: names(63)}}, {plan: &Plan{Names: names(1000), Keep: true}},
			{plan: &Plan{Names: names(1000)}, again: true},
		},
		min(2, many): {{plan: &Plan{Names: names(64)}}},
	} {
		for _, one := range ones {
			if got := one.children(); got != want {
				t.Errorf("%d names, keep %v, again %v: %d children, want %d", len(one.plan.Names), one.plan.Keep, one.again, got, want)
			}
		}
	}
}

func TestTargets(t *testing.T) {
	p := &Plan{Names: []string{"a", "b"}, Source: os.Stdin}
	want := []*Target{{Name: "a", Path: "/x/a", source: os.Stdin}, {Name: "b", Path: "/x/b", source: os.Stdin}}
	if got := p.targets("/x", nil); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}
