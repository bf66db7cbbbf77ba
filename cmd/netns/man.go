//go:build !urfave_cli_no_docs

package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/urfave/cli/v2"
)

// The verb is for the Makefile: what is shipped has not got it. The library's own man page loses paragraphs, examples and
// what a verb's arguments are, so the page is written here.
func init() { register(manCommand) }

func manCommand() *cli.Command {
	return &cli.Command{Name: "man", Hidden: true, ArgsUsage: "docs/netns.md", Action: printMan}
}

// manDate is when what is written here, and not in the verbs, was changed last. A build's date would make each build
// another one.
const manDate = "2026-11-24"

const manDescription = "Options may stand before or after names, those of a verb also before the verb, and `--` ends them. " +
	"In exec and run, everything from the command on is the command's. The verbs of ip-netns(8) and its ways to shorten them are " +
	"understood as well.\n\nStandard output is the result, standard error is messages. " +
	"Making and deleting namespaces and entering them needs CAP_SYS_ADMIN, bringing `lo` up CAP_NET_ADMIN and verifying it " +
	"CAP_NET_RAW; looking at what there is needs nothing."

// manFiles and manEnvironment are pairs of a thing and what it is.
var (
	manFiles = [][2]string{
		{"/run/netns/NAME", "A network namespace, mounted."},
		{"/etc/netns/NAME/*", "Files that take the place of those of the same names in /etc for a command that is run inside."},
	}
	manEnvironment = [][2]string{
		{"NETNS_RUN_DIR", "The run directory, where there is no `--dir`."},
		{"NO_COLOR", "If it is set and not empty, there is no colour."},
		{"NETNS_BIN", "Set for the external commands `netns-`NAME: the path of netns."},
	}
)

const manSeeAlso = "ip-netns(8), ip(8), nsenter(1), unshare(1), lsns(8), namespaces(7), network_namespaces(7), capabilities(7)"

// printMan prints the manual page, with the exit codes from the manual in Markdown.
func printMan(c *cli.Context) error {
	manual, err := os.ReadFile(c.Args().First())
	if err != nil {
		return err
	}
	codes := exitCodes(string(manual))
	if len(codes) == 0 {
		return fmt.Errorf("man: no exit codes in %s", c.Args().First())
	}
	var p page
	p.line(`.TH NETNS 8 "%s" "netns" "System Administration"`, manDate)
	p.line(`.SH NAME`)
	p.line(`%s \- %s`, c.App.Name, roff(c.App.Usage))
	p.line(`.SH SYNOPSIS`)
	p.line(`.nf`)
	for _, verb := range c.App.VisibleCommands() {
		p.line(`%s`, usageOf(verb))
	}
	p.line(`.fi`)
	p.line(`.SH DESCRIPTION`)
	p.text(paragraphsOf(c.App.Description)...)
	p.text(paragraphsOf(manDescription)...)
	p.line(`.SH OPTIONS`)
	p.line(`For every verb:`)
	p.options(c.App.VisibleFlags())
	p.line(`.SH COMMANDS`)
	for _, verb := range c.App.VisibleCommands() {
		p.verb(verb, c.App)
	}
	p.list("EXIT STATUS", codes)
	p.list("FILES", manFiles)
	p.list("ENVIRONMENT", manEnvironment)
	p.line(`.SH SEE ALSO`)
	p.text(manSeeAlso)
	return output(c, p.String(), "standard output could not be written")
}

// A page is a manual page in man(7).
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// text writes paragraphs, which empty lines divide, and examples, which are indented.
func (p *page) text(paragraphs ...string) {
	for _, paragraph := range paragraphs {
		if lines := strings.Split(p.String(), "\n"); !strings.HasPrefix(lines[len(lines)-2], ".SH") {
			p.line(".PP")
		}
		if !isExample(paragraph) {
			p.line("%s", prose(paragraph))
			continue
		}
		p.line(".RS 4\n.EX")
		for line := range strings.SplitSeq(paragraph, "\n") {
			p.line("%s", roff(strings.TrimSpace(line)))
		}
		p.line(".EE\n.RE")
	}
}

func paragraphsOf(text string) []string {
	return slices.DeleteFunc(strings.Split(text, "\n\n"), func(p string) bool { return p == "" })
}

func isExample(paragraph string) bool { return strings.HasPrefix(paragraph, " ") }

func (p *page) list(title string, pairs [][2]string) {
	p.line(`.SH "%s"`, title)
	for _, pair := range pairs {
		p.line(".TP\n%s\n%s", emphasised(pair[0]), prose(pair[1]))
	}
}

// verb writes a verb's section, with its examples last. Many options that another verb has as well are there only.
func (p *page) verb(verb *cli.Command, app *cli.App) {
	p.line(`.SS "%s"`, usageOf(verb))
	text := sentence(verb.Usage)
	if len(verb.Aliases) > 0 {
		text += " Also `" + strings.Join(verb.Aliases, "`, `") + "`."
	}
	p.line("%s", prose(text))
	paragraphs := paragraphsOf(verb.Description)
	examples := slices.IndexFunc(paragraphs, isExample)
	if examples < 0 {
		examples = len(paragraphs)
	}
	p.text(paragraphs[:examples]...)
	options := optionsText(verb)
	for _, other := range app.VisibleCommands() {
		if other.Name > verb.Name && len(verb.VisibleFlags()) > 3 && optionsText(other) == options {
			options = ".PP\n" + prose("Its options are those of `"+other.Name+"`.") + "\n"
		}
	}
	p.WriteString(options)
	p.text(paragraphs[examples:]...)
}

func optionsText(verb *cli.Command) string {
	var p page
	p.options(verb.VisibleFlags())
	return p.String()
}

func (p *page) options(flags []cli.Flag) {
	for _, flag := range flags {
		if documented, ok := flag.(cli.DocGenerationFlag); ok {
			p.line(".TP\n%s\n%s", optionUsage(documented), prose(sentence(documented.GetUsage())+defaultOf(flag)))
		}
	}
}

// usageOf returns how a verb is called.
func usageOf(verb *cli.Command) string {
	usage := `\fBnetns ` + roff(verb.Name) + `\fR`
	if len(verb.VisibleFlags()) > 0 {
		usage += ` [\fIOPTION\fR...]`
	}
	return strings.TrimSpace(usage + " " + emphasised(verb.ArgsUsage))
}

// optionUsage returns all of an option's names, with its value.
func optionUsage(flag cli.DocGenerationFlag) string {
	var names []string
	for _, name := range flag.Names() {
		dashes := "--"
		if len(name) == 1 {
			dashes = "-"
		}
		names = append(names, `\fB`+roff(dashes+name)+`\fR`)
	}
	usage := strings.Join(names, ", ")
	if flag.TakesValue() {
		kind, _ := placeholder(flag)
		if kind == "" {
			kind = strings.ToUpper(flag.Names()[0])
		}
		if kind[0] != '[' {
			usage += " "
		}
		usage += emphasised(kind)
	} else if on, ok := flag.(*cli.BoolFlag); ok && on.Value {
		usage += `[\fB=false\fR]`
	}
	return usage
}

func defaultOf(flag cli.Flag) string {
	switch flag := flag.(type) {
	case *cli.BoolFlag:
		if flag.Value {
			return " On by default."
		}
	case *cli.StringFlag:
		if flag.Value != "" {
			return " By default " + flag.Value + "."
		}
	}
	return ""
}

// sentence makes a sentence of a usage text.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}

// exitCodes returns the rows of the table of exit codes in the manual.
func exitCodes(manual string) [][2]string {
	_, manual, _ = strings.Cut(manual, "\n## Exit codes\n")
	manual, _, _ = strings.Cut(manual, "\n## ")
	var rows [][2]string
	for line := range strings.Lines(manual) {
		if cells := strings.Split(strings.TrimSpace(line), " | "); len(cells) == 2 && strings.ContainsAny(cells[0], "0123456789") {
			rows = append(rows, [2]string{strings.Trim(cells[0], "| "), sentence(strings.Trim(cells[1], "| "))})
		}
	}
	return rows
}

var (
	quoted   = regexp.MustCompile("`([^`]*)`")
	variable = regexp.MustCompile(`\b[A-Z]{2,}\b`)
	option   = regexp.MustCompile(`(^|[ (])((?:\\-){1,2}[a-z](?:[a-z=]|\\-)*)`)
	manual   = regexp.MustCompile(`\b([a-z_]+(?:\\-[a-z]+)?)(\([1-8]\))`) // another page
)

// prose returns a text in short lines, each sentence on a new one, for roff to fill. What is in backquotes, options and
// other pages are bold.
func prose(text string) string {
	text = roff(text)
	text = option.ReplaceAllString(text, `$1\fB$2\fR`)
	text = manual.ReplaceAllString(text, `\fB$1\fR$2`)
	text = quoted.ReplaceAllStringFunc(text, func(literal string) string {
		return strings.ReplaceAll(`\fB`+variable.ReplaceAllString(strings.Trim(literal, "`"), `\fI$0\fB`)+`\fR`, `\fB\fI`, `\fI`)
	})
	var lines strings.Builder
	length := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case length == 0:
		case length+len(word) > 78, strings.HasSuffix(lines.String(), ".") && unicode.IsUpper(rune(word[0])):
			lines.WriteString("\n")
			length = 0
		default:
			lines.WriteString(" ")
		}
		if length == 0 && strings.HasPrefix(word, ".") {
			word = `\&` + word
		}
		lines.WriteString(word)
		length += len(word) + 1
	}
	return lines.String()
}

// emphasised returns what has to be typed, with italics for what is only a name for it.
func emphasised(text string) string { return variable.ReplaceAllString(roff(text), `\fI$0\fR`) }

// roff returns a text as it has to be written for roff to show it. Each hyphen is one that can be copied and typed.
func roff(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r == '-':
			b.WriteString(`\-`)
		case r == '\'':
			b.WriteString(`\(aq`)
		case r > 0x7e:
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
