package message_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tarir/message"
)

// said are packages whose errors people read on pages.
var said = []string{"casework", "hit", "notice", "vault", "handling", "node", "store", "bundle", "name", "web/pages", "htcds", "chart"}

// Sentences of these packages that nobody reads on a page: what was being done when something else failed; the configuration, the keys and the folder of a node, told when it
// starts; letters of other members, which are put aside; files of the command line.
var elsewhere = regexp.MustCompile(`%w|config\.toml|^\[|relay|webhook|passphrase is not the one|the keys|backup|restore|tarir init|--|certificate|client|database|is missing|no setting|the configuration|
|cluster|of version|rule|severity|colour %q|say is in|it needs field|findings\.jsonl|trace|finding|network|organisation %q|counter|photograph|standing|statement|manifest|schema|earlier letters|end of a page|enough|PAP|
|TLP label$|first line|twice|quotation|column|is too long|gone|program was built|cannot be shown|set of|sign|is running already|it is not running|not in the configuration|there is a node|person of a|^%s: %s$|^%[a-z]$|^%s$|holds %d|as %q|it holds|it is a %s$|nothing that is said|id of their own|no key of|says another id|it has no id|passkey of this person cannot|record of this node cannot|with %s|line %d|born|country:|preset|choose from|^%s to %s$|\[web\]|\[vault\] names`)

// wrongsOfSource are the sentences of the source by where they stand, and all of them with those that say what was being done.
func wrongsOfSource(t *testing.T, dirs []string) (out map[string]string, all map[string]bool) {
	t.Helper()
	out, all = map[string]string{}, map[string]bool{}
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files, %v", dir, err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) == 0 {
					return true
				}
				name := ""
				switch f := call.Fun.(type) {
				case *ast.SelectorExpr:
					if x, ok := f.X.(*ast.Ident); ok {
						name = x.Name + "." + f.Sel.Name
					}
				case *ast.Ident:
					name = f.Name
				}
				if !slices.Contains([]string{"errors.New", "fmt.Errorf", "fail", "wrong"}, name) {
					return true
				}
				if text, ok := call.Args[0].(*ast.BasicLit); ok && text.Kind == token.STRING {
					s, err := strconv.Unquote(text.Value)
					if err != nil {
						t.Fatal(err)
					}
					s = strings.TrimPrefix(s, "%w: ")
					doing := strings.HasSuffix(s, ": %w") // what was being done
					s = strings.TrimSuffix(s, ": %w")
					if all[s] = true; !doing {
						out[s] = path
					}
				}
				return true
			})
		}
	}
	return out, all
}

func wrongRows(t *testing.T) [][]string {
	t.Helper()
	text, err := os.ReadFile("wrong.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		row := strings.Split(line, "\t")
		if len(row) != len(message.Codes) || slices.ContainsFunc(row, func(s string) bool { return strings.TrimSpace(s) != s || s == "" }) {
			t.Fatalf("line %d has not one text in each language: %q", i+1, line)
		}
		rows = append(rows, row)
	}
	return rows[1:]
}

// TestWhatWentWrongIsSaidInEachLanguage: each sentence of the list stands in the source, puts in what the English one puts in, and none that people read on pages is left out.
func TestWhatWentWrongIsSaidInEachLanguage(t *testing.T) {
	verbs := regexp.MustCompile(`%\[?[-.0-9]*\]?[a-z%]`)
	_, all := wrongsOfSource(t, append(slices.Clone(said), "private", "match", "watchlist", "exchange/register", "audit"))
	have := map[string]bool{}
	for _, row := range wrongRows(t) {
		have[row[0]] = true
		if !all[row[0]] {
			t.Errorf("the source does not say %q", row[0])
		}
		for i := range row[1:] {
			if a, b := verbs.FindAllString(row[0], -1), verbs.FindAllString(row[i+1], -1); !slices.Equal(a, b) {
				t.Errorf("%s: %q puts in %q, want %q", message.Codes[i+1], row[i+1], b, a)
			}
		}
	}
	want, _ := wrongsOfSource(t, said)
	for s, path := range want {
		if !have[s] && !elsewhere.MatchString(s) {
			t.Errorf("%s: no other language says %q", path, s)
		}
	}
}

func TestAChainOfSentencesIsSaidOneByOne(t *testing.T) {
	for _, c := range []struct{ code, text, want string }{
		{"en", "this is not allowed: give purpose and legal basis first", "this is not allowed: give purpose and legal basis first"},
		{"fr", "this is not allowed: give purpose and legal basis first", "ce n’est pas permis: indiquez d’abord la finalité et la base juridique"},
		{"es", "it is not open: ask to open it, and have a second person agree", "no está abierto: pida abrirlo y que una segunda persona esté de acuerdo"},
		{"ar", "this is not allowed: ann may not administer this node", "هذا غير مسموح: لا يجوز لـann إدارة هذه العقدة"},
		{"fr", "to BANK-FF: this is not allowed: nothing may go to BANK-FF", "to BANK-FF: ce n’est pas permis: rien ne peut aller à BANK-FF"},
		{"fr", "this asset cannot be kept so: 10 USD of it is located, which is less than 400", "cet avoir ne peut être gardé ainsi: 10 USD en est à l’état « located », ce qui est moins que 400"},
		{"fr", "there is no such record\nsay why", "il n’y a pas de tel enregistrement\ndites pourquoi"},
		{"fr", "disk quota exceeded", "disk quota exceeded"},
	} {
		l := language(t, c.code)
		if got := l.Wrong(c.text); got != c.want {
			t.Errorf("%s: %q is said %q, want %q", c.code, c.text, got, c.want)
		}
	}
}

// TestWhateverWentWrongSomethingIsSaid: no text is too strange, and what was put in is there in every language.
func TestWhateverWentWrongSomethingIsSaid(t *testing.T) {
	rows := wrongRows(t)
	verbs := regexp.MustCompile(`%\[?[-.0-9]*\]?[sdqv]`)
	rapid.Check(t, func(r *rapid.T) {
		l := language(t, rapid.SampledFrom(message.Codes).Draw(r, "language"))
		l.Wrong(rapid.String().Draw(r, "anything"))
		put := rapid.StringMatching(`[A-Za-z0-9+/]{1,12}`).Draw(r, "put in")
		text := rapid.SampledFrom(rows).Draw(r, "sentence")[0]
		if strings.Contains(text, "%.0f") {
			return
		}
		got := l.Wrong(verbs.ReplaceAllString(text, put))
		if n := len(verbs.FindAllString(text, -1)); n > 0 && strings.Count(got, put) < n {
			r.Fatalf("%s: %q with %q is said %q", l.Code, text, put, got)
		}
	})
}
