// Package line makes the command-line library take a command line as ip netns takes one, and answer mistakes in one line. It
// holds all that github.com/urfave/cli has to be helped with:
//
//   - The library takes options only before arguments, and those of the command only before the verb: [Arrange].
//   - It knows no option whose value may be left out (--kill[=SIGNAL]), no shortened verbs and options, and no options that
//     are taken without effect, such as ip's -4: [Arrange] too.
//   - It answers a mistake with a whole page of help: [Prepare].
//   - It splits the values of options at commas, takes -v for --version, makes "help" a verb of each verb, and ends the
//     process itself: [Prepare].
package line

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Prepare completes an app that has its commands and flags.
func Prepare(app *cli.App) {
	for _, c := range app.Commands {
		c.HideHelpCommand = true // or a namespace could not be called "help"
		c.OnUsageError = onUsageError
		c.CustomHelpTemplate = cli.CommandHelpTemplate + "\nGlobal options: see netns --help.\n"
	}
	app.OnUsageError = onUsageError
	app.HideVersion = true                            // -v is for verbose
	app.DisableSliceFlagSeparator = true              // a sysctl's value may contain commas
	app.ExitErrHandler = func(*cli.Context, error) {} // main reports errors, and ends the process
	app.ExtraInfo = func() map[string]string {        // the library calls it only when it prints the help
		return map[string]string{"external": strings.Join(Externals(app), ", ")}
	}
	app.CustomAppHelpTemplate = cli.AppHelpTemplate + `{{with index ExtraInfo "external"}}
EXTERNAL COMMANDS (netns-NAME on PATH):
   {{.}}
{{end}}`
}

// The help shows an option whose value may be left out as --kill[=SIGNAL], and no default that says nothing.
func init() {
	usual := cli.FlagStringer
	cli.FlagStringer = func(f cli.Flag) string {
		return strings.NewReplacer(" [=", "[=", " (default: false)", "", " (default: 0s)", "").Replace(usual(f))
	}
}

// runsCommand are the verbs whose arguments are another command's line.
var runsCommand = map[string]bool{"exec": true, "run": true}

// RunsCommand reports whether the arguments of a verb are another command's line. A failure of netns itself then has an exit
// code of its own.
func RunsCommand(verb string) bool { return runsCommand[verb] }

// ignoresWords are the verbs that take no arguments, and for which ip ignores everything from the first argument on. The
// kernel's self-tests rely on that, with lines such as "ip netns list \\| grep -vq NAME".
var ignoresWords = map[string]bool{"list": true, "monitor": true}

// IgnoresWords reports whether a verb ignores its arguments.
func IgnoresWords(verb string) bool { return ignoresWords[verb] }

// ipVerbs are the words of ip netns, in the order in which ip compares them with a shortened one (do_netns in iproute2's
// ip/ipnetns.c). All are verbs of netns or aliases of them.
var ipVerbs = []string{
	"list", "show", "lst", "list-id", "help", "add", "set", "delete", "identify", "pids", "exec", "monitor", "attach",
}

// FindVerb returns the verb that a word means: a verb of netns in full, or a verb of ip's, which may be shortened. It returns
// nil for an unknown one.
func FindVerb(app *cli.App, word string) *cli.Command {
	if verb := app.Command(word); verb != nil || word == "" {
		return verb
	}
	for _, ip := range ipVerbs {
		if strings.HasPrefix(ip, word) {
			return app.Command(ip)
		}
	}
	return nil
}

// FlagOf returns the flag that an argument sets: a flag of the verb or of the app, or if verb is nil, of any verb. It returns
// nil for an unknown one.
func FlagOf(app *cli.App, verb *cli.Command, arg string) cli.Flag {
	flags := slices.Clone(app.Flags)
	if verb != nil {
		return find(slices.Concat(verb.Flags, flags), arg)
	}
	for _, verb := range app.Commands {
		flags = append(flags, verb.Flags...)
	}
	return find(flags, arg)
}

// find returns the flag that an argument sets, or nil.
func find(flags []cli.Flag, arg string) cli.Flag {
	name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	i := slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 {
		return nil
	}
	return flags[i]
}

// TakesValue reports whether a flag needs a value.
func TakesValue(f cli.Flag) bool {
	documented, ok := f.(cli.DocGenerationFlag)
	return ok && documented.TakesValue()
}

// ExternalPrefix is how the names of the programs begin that are verbs: netns foo runs netns-foo.
const ExternalPrefix = "netns-"

// Externals returns the verbs that are programs on PATH, in its order. Directories of PATH that are not absolute are left out.
func Externals(app *cli.App) []string {
	var found []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		paths, err := filepath.Glob(filepath.Join(dir, ExternalPrefix+"*"))
		if err != nil || !filepath.IsAbs(dir) {
			continue
		}
		for _, path := range paths {
			verb := strings.TrimPrefix(filepath.Base(path), ExternalPrefix)
			if first, err := exec.LookPath(ExternalPrefix + verb); err == nil && first == path && FindVerb(app, verb) == nil {
				found = append(found, verb)
			}
		}
	}
	return found
}
