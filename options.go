package netns

import "github.com/netns-go/netns/stages"

// A Step is a registered stage with its arguments, and an Event says that one has passed.
type (
	Step  = stages.Step
	Event = stages.Event
)

// Options say how namespaces are made. The zero value makes them with lo up and verified, in [DefaultDir].
type Options struct {
	// Dir is the run directory; its parent must exist. It becomes a mount of its own when it is first used.
	Dir string
	// Sysctls are kernel parameters to set inside, each KEY=VALUE with a key that begins with "net.".
	Sysctls []string
	// NoLoopback leaves lo down, as new namespaces have it, and so not verified either.
	NoLoopback bool
	// Addresses are further addresses for lo, each with a prefix length: 10.1.2.3/32.
	Addresses []string
	// NoVerify leaves out the check that lo is up and answers an ICMP echo.
	NoVerify bool
	// Steps are stages of your own, which run after the built-in ones and before lo is verified; the same for each name.
	Steps []Step
	// From, if not nil, is a namespace that there is and that gets the names, in place of new ones, so that it stays when
	// what holds it ends. Nothing is changed in it: it takes no Sysctls, Addresses or Steps, and lo is as it is.
	From *Namespace
	// Own allows From to be the caller's own namespace. Otherwise that is [ErrOwn]: in most cases it comes of the number
	// of a process that has ended, which another one has by now.
	Own bool
	// Replace deletes what has the names when Create begins, as [Delete] would, once the new namespaces are complete and
	// about to get those. So until then the old ones are there; should the last step fail, neither are. What cannot be
	// deleted, or came meanwhile, is a *[StateError], and then all stays as it is.
	Replace bool
	// KeepOnFail publishes what there is when a stage fails; the error is then a *[KeptError]. It excludes Replace.
	KeepOnFail bool
	// Progress, if not nil, is called after each stage of each namespace that has passed.
	Progress func(Event)
}

func (o *Options) plan(names []string) *stages.Plan {
	p := &stages.Plan{Names: names, Replace: o.Replace, Keep: o.KeepOnFail, Progress: o.Progress}
	if o.From != nil {
		p.Source = o.From.file
	}
	loopback := !o.NoLoopback && o.From == nil
	if len(o.Sysctls) > 0 {
		p.Steps = append(p.Steps, stages.Sysctl(o.Sysctls...))
	}
	if loopback {
		p.Steps = append(p.Steps, stages.Loopback())
	}
	if len(o.Addresses) > 0 {
		p.Steps = append(p.Steps, stages.Address(o.Addresses...))
	}
	p.Steps = append(p.Steps, o.Steps...)
	if loopback && !o.NoVerify {
		p.Steps = append(p.Steps, stages.Verify())
	}
	return p
}
