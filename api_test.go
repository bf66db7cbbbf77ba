package netns_test

import (
	"bytes"
	"go/ast"
	"go/build"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

// packages are the packages that programs import.
var packages = []string{".", "holders", "persist", "rollback", "stages"}

// A program that compiles for one system compiles for every system.
func TestOneAPI(t *testing.T) {
	for _, dir := range packages {
		want := api(parse(t, dir, "linux"))
		if len(want) == 0 {
			t.Errorf("%s: no API was found", dir)
		}
		for _, system := range []string{"darwin", "windows"} {
			got := api(parse(t, dir, system))
			for _, line := range got {
				if !slices.Contains(want, line) {
					t.Errorf("%s: only on %s: %s", dir, system, line)
				}
			}
			for _, line := range want {
				if !slices.Contains(got, line) {
					t.Errorf("%s: not on %s: %s", dir, system, line)
				}
			}
		}
	}
}

// Each exported declaration has a comment that begins with its name.
func TestDocumented(t *testing.T) {
	for _, dir := range packages {
		for _, decl := range parse(t, dir, "linux") {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if isExported(decl) && decl.Name.Name != "Error" && !begins(decl.Doc, decl.Name) {
					t.Errorf("%s: %s: comment %q", dir, decl.Name, decl.Doc.Text())
				}
			case *ast.GenDecl:
				documented(t, dir, decl)
			}
		}
	}
}

// documented checks a declaration of types or values. In a group, a value without a comment shares the comment of the group.
func documented(t *testing.T, dir string, decl *ast.GenDecl) {
	t.Helper()
	for _, spec := range decl.Specs {
		var doc *ast.CommentGroup
		var all []*ast.Ident
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			doc, all = spec.Doc, []*ast.Ident{spec.Name}
		case *ast.ValueSpec:
			doc, all = spec.Doc, spec.Names
		}
		for _, name := range all {
			shared := doc == nil && decl.Lparen.IsValid() && decl.Doc.Text() != ""
			if doc == nil {
				doc = decl.Doc
			}
			if name.IsExported() && !shared && !begins(doc, name) {
				t.Errorf("%s: %s: comment %q", dir, name, doc.Text())
			}
		}
	}
}

// begins reports whether a comment begins with a name.
func begins(doc *ast.CommentGroup, name *ast.Ident) bool {
	words := strings.Fields(doc.Text())
	if len(words) > 1 && (words[0] == "A" || words[0] == "An") {
		words = words[1:]
	}
	return len(words) > 1 && words[0] == name.Name
}

// parse returns the declarations of a package for an operating system.
func parse(t *testing.T, dir, system string) (decls []ast.Decl) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	context := build.Default
	context.GOOS, context.GOARCH = system, "amd64"
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		if match, err := context.MatchFile(dir, entry.Name()); err != nil {
			t.Fatal(err)
		} else if !match {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), dir+"/"+entry.Name(), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		decls = append(decls, file.Decls...)
	}
	return decls
}

// isExported reports whether a function is exported, or a method and its type.
func isExported(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return f.Name.IsExported()
	}
	receiver := f.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	return f.Name.IsExported() && receiver.(*ast.Ident).IsExported()
}

// api returns the exported declarations, each as a line: a function's signature, a type, a struct's field, or a value's name.
func api(decls []ast.Decl) (lines []string) {
	for _, decl := range decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if isExported(decl) {
				lines = append(lines, text(&ast.FuncDecl{Recv: decl.Recv, Name: decl.Name, Type: decl.Type}))
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				lines = append(lines, specified(decl.Tok, spec)...)
			}
		}
	}
	return lines
}

func specified(kind token.Token, spec ast.Spec) (lines []string) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			if name.IsExported() {
				lines = append(lines, kind.String()+" "+name.Name)
			}
		}
	case *ast.TypeSpec:
		if !spec.Name.IsExported() {
			return nil
		}
		fields, ok := spec.Type.(*ast.StructType)
		if !ok {
			return []string{"type " + text(&ast.TypeSpec{Name: spec.Name, Assign: spec.Assign, Type: spec.Type})}
		}
		lines = append(lines, "type "+spec.Name.Name+" struct")
		for _, field := range fields.Fields.List {
			for _, name := range field.Names {
				if name.IsExported() {
					lines = append(lines, spec.Name.Name+"."+name.Name+" "+text(field.Type))
				}
			}
			if len(field.Names) == 0 {
				lines = append(lines, spec.Name.Name+" embeds "+text(field.Type))
			}
		}
	}
	return lines
}

// text returns the Go source of a declaration or type.
func text(node any) string {
	var b bytes.Buffer
	if err := format.Node(&b, token.NewFileSet(), node); err != nil {
		panic(err)
	}
	return b.String()
}
