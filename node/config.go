package node

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/BurntSushi/toml"

	"tarir/audit"
	"tarir/handling"
)

// Config is a node's configuration file, config.toml in its data folder.
type Config struct {
	Member   string    `toml:"member"`
	Database string    `toml:"database"`
	Relay    Relay     `toml:"relay"`
	Web      Web       `toml:"web"`
	Notices  Notices   `toml:"notices"`
	Keep     Keep      `toml:"keep"`
	GoAML    GoAML     `toml:"goaml"`
	Private  Private   `toml:"private"`
	Vault    Vault     `toml:"vault"`
	People   []Person  `toml:"person"`
	Clients  []Client  `toml:"client"`
	Standing Standing  `toml:"standing"`
	Webhooks []Webhook `toml:"webhook"`

	changed  atomic.Pointer[[]Person] // since it was read
	changing sync.Mutex
}

// Standing says which members hear of what standing checks find, by a message in the name of a person.
type Standing struct {
	Tell       []string `toml:"tell"`
	Person     string   `toml:"person"`
	LegalBasis string   `toml:"legal_basis"`
}

// Webhook is a program that is called when there is something to do at the desk.
type Webhook struct {
	URL    string   `toml:"url"`
	Secret string   `toml:"secret"` // base64, with which calls are signed (Standard Webhooks)
	Events []string `toml:"events"` // kinds of tasks; none: all
}

// Client is a program that asks over the network whether somebody is known. What it asks is asked in the name of a person of the node,
// for one purpose and on one legal basis.
type Client struct {
	ID         string           `toml:"id"`
	Person     string           `toml:"person"`
	Token      string           `toml:"token_sha256"`
	Purpose    handling.Purpose `toml:"purpose"`
	LegalBasis string           `toml:"legal_basis"`
}

// Relay says where the exchange is, and on the secretariat's node how it is run.
type Relay struct {
	URL    string `toml:"url"`
	CA     string `toml:"ca"`
	Listen string `toml:"listen"`
	WS     int    `toml:"websocket"`

	Cluster  string `toml:"cluster_keys"`
	Replicas int    `toml:"replicas"`

	Cert string `toml:"cert"`
	Key  string `toml:"key"`
	Sync bool   `toml:"sync"`
	Box  int64  `toml:"box_letters"`
	Max  int64  `toml:"max_bytes"`
}

// Web is where the node answers by HTTP.
type Web struct {
	Listen string `toml:"listen"`
	Origin string `toml:"origin"` // where people open the pages; empty: there are none
	Public bool   `toml:"public_notices"`
	OIDC   OIDC   `toml:"oidc"`
}

// OIDC is the OpenID Connect provider of this organisation, by which its people log in beside their passkeys; empty: none.
type OIDC struct {
	Issuer string `toml:"issuer"`
	Client string `toml:"client_id"`
	Secret string `toml:"secret_file"` // a file with the client's secret; empty: a public client with a proof key alone
	Claim  string `toml:"claim"`       // what of the token is a person's id here; empty: preferred_username
}

// Notices are choices about notices.
type Notices struct {
	Silver bool   `toml:"silver"`
	Rules  string `toml:"rules"`
}

// Private is about private checks of other members.
type Private struct {
	Answer bool `toml:"answer"`
	Day    int  `toml:"things_a_day"`
	Cases  bool `toml:"cases"` // what stands in open cases is known too
}

// Vault says who may come near the vault of victims: no right of the node contains it.
type Vault struct {
	People  []string `toml:"people"`
	Officer string   `toml:"officer"` // the data protection officer, who hears of emergencies
}

// GoAML is what the FIU gave this member for its reports.
type GoAML struct {
	Entity int    `toml:"rentity_id"`
	Code   string `toml:"report_code"`
}

// Keep says for how long what no law rules is kept.
type Keep struct {
	Messages int `toml:"messages_days"`
}

// Person is somebody who works with the node.
type Person struct {
	ID     string   `toml:"id"`
	Groups []string `toml:"groups"`
	May    []string `toml:"may"`
}

// Rights are what a person may be allowed to.
var Rights = []string{"all", "read", "draft", "submit", "review", "message", "watch", "hit", "stop", "case", "operation", "group", "subject", "recall", "audit", "admin"}

// configText is a new node's configuration, with what each line is for.
const configText = `# Tarir: the configuration of one node. Change it, then restart the node ("tarir serve").

# The member whose node this is, as it stands in the register.
member = %q

# Where records are kept. Empty: tarir.db in this folder (SQLite). Or a PostgreSQL: "postgres://user@host/database".
database = %q

[relay]
# Where the exchange is: nats://, tls://, ws:// or wss:// (the last two pass a proxy). The secretariat tells it.
url = %q
# A file with the certificate of who signed the relay's, where that is not one that the system knows.
ca = %q
# The secretariat's node runs the relay itself; empty: it is a cluster of its own (docs/operations.md).
listen = %q
# A port for members behind a proxy (WebSocket); 0: none.
websocket = %d
# Or the relay is NATS servers of its own (tarir relay config writes their configuration): the file with its keys, with url naming all
# servers with commas between; and on how many of them each letter is.
cluster_keys = %q
replicas = 3
# The relay's certificate and key. Without them the line is not encrypted, which is for one machine only.
cert = %q
key = %q
# Whether the relay syncs each letter to disk before it says that it has it. Leave it on for a relay on one machine.
sync = true
# How many messages of one sender, each a letter or up to 64 that travel together, may wait in one box, and how many bytes in all; 0: 10,000 and 10 GB.
box_letters = 0
max_bytes = 0

[web]
# Where this node answers: health, metrics and, on the secretariat's node, the public extracts of notices. Empty: nowhere.
# People and programs of this machine use the socket "tarir.sock" in this folder, which only its owner can open.
listen = %q
# Where people open this node's pages in a browser, such as "https://tarir.example" (behind a proxy with TLS) or "http://localhost:8080" (this machine
# alone). Empty: there are no pages. An administrator invites each person: tarir person invite.
origin = %q
public_notices = %v

[web.oidc]
# Log-in by your organisation's own provider (OpenID Connect), beside passkeys. Empty issuer: none. The address to register there: ORIGIN/login/oidc/back.
# claim is what of its token is a person's id here; empty: preferred_username. secret_file: a file with the client's secret, if it has one.
issuer = ""
client_id = ""
secret_file = ""
claim = ""

[notices]
# Silver notices are a pilot: switch them on if your member takes part.
silver = %v
# A rule pack of your own (tarir notice rules prints the one that comes with the program, and --pack tries yours); empty: that one.
rules = ""

[private]
# Whether other members with the right to check may ask privately whether what they have is known here: they learn hit or no hit and
# nothing else, this node learns how many things they asked. And how many things each may ask in a day; 0: 2,000,000.
answer = false
things_a_day = 0
# Whether numbers of open cases count as known: who asks learns that this member has one of theirs, and not in which case.
cases = false

[vault]
# Who may come near the vault, in which possible victims and witnesses are kept: nobody else, whatever else they may do here. And the data
# protection officer, who hears when it was opened without a second person.
people = []
officer = ""

[standing]
# Members that hear of what a standing check finds, by a sealed message that names its reference, not the person; in whose name, and on
# which legal basis.
tell = []
person = ""
legal_basis = ""

# A program that is called when there is something to do (Standard Webhooks; the call names the record, not whom it is about). May stand several
# times. events: kinds of tasks (lead, read, stop, confirm, compare, review, returned, answered, safeguard, alarm ...; tarir list task); none: all.
# [[webhook]]
# url = "https://..."
# secret = "whsec_..."   # at least 24 bytes in base64
# events = ["stop", "lead"]

[goaml]
# What your FIU gave you for reports that a case is told in: your number, and the code of their kind.
rentity_id = 1
report_code = "STR"

[keep]
# Messages and diffusions without an end of their own.
messages_days = 365

# The people who work with this node. may: all, read, draft, submit, review, message, watch, hit, stop, case, operation,
# group, subject, recall, audit, admin.
%s`

func personText(id string, may ...string) string {
	list := make([]string, len(may))
	for i, m := range may {
		list[i] = fmt.Sprintf("%q", m)
	}
	return fmt.Sprintf("[[person]]\nid = %q\ngroups = []\nmay = [%s]\n\n", id, strings.Join(list, ", "))
}

// ErrConfig is wrapped by errors about the configuration file.
var ErrConfig = errors.New("the configuration is wrong")

// ReadConfig reads the configuration in a data folder.
func ReadConfig(dir string) (*Config, error) {
	path := filepath.Join(dir, "config.toml")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no node in %s: make one with tarir init --data %s", dir, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return parseConfig(text, path)
}

func parseConfig(text []byte, path string) (*Config, error) {
	var c Config
	meta, err := toml.Decode(string(text), &c)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrConfig, path, err)
	}
	if u := meta.Undecoded(); len(u) > 0 {
		return nil, fmt.Errorf("%w: %s: there is no setting %q", ErrConfig, path, u[0])
	}
	if c.Member == "" {
		return nil, fmt.Errorf("%w: %s: member is missing", ErrConfig, path)
	}
	if c.Relay.Cluster != "" && (c.Relay.Listen != "" || c.Relay.URL == "") {
		return nil, fmt.Errorf("%w: %s: with relay.cluster_keys, listen is empty and url names the servers", ErrConfig, path)
	}
	if (c.Relay.Cert == "") != (c.Relay.Key == "") {
		return nil, fmt.Errorf("%w: %s: give both cert and key of the relay, or none", ErrConfig, path)
	}
	if len(c.Standing.Tell) > 0 && (c.person(c.Standing.Person) == nil || strings.TrimSpace(c.Standing.LegalBasis) == "") {
		return nil, fmt.Errorf("%w: %s: [standing] tells members in the name of a person of this node, on a legal basis: give both", ErrConfig, path)
	}
	for _, id := range c.Vault.People {
		if c.person(id) == nil {
			return nil, fmt.Errorf("%w: %s: [vault] names %q, who does not work with this node", ErrConfig, path, id)
		}
	}
	if c.Web.Origin != "" {
		u, err := url.Parse(c.Web.Origin)
		if err != nil || u.Host == "" || u.Path != "" || u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost") {
			return nil, fmt.Errorf("%w: %s: [web] origin is https://HOST, or http://localhost:PORT", ErrConfig, path)
		}
	}
	if o := c.Web.OIDC; o.Issuer != "" && (o.Client == "" || c.Web.Origin == "") {
		return nil, fmt.Errorf("%w: %s: [web.oidc] needs client_id, and [web] its origin", ErrConfig, path)
	}
	for _, w := range c.Webhooks {
		if u, err := url.Parse(w.URL); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			return nil, fmt.Errorf("%w: %s: a webhook's url begins with https://", ErrConfig, path)
		}
		if b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(w.Secret, "whsec_")); err != nil || len(b) < 24 {
			return nil, fmt.Errorf("%w: %s: a webhook's secret is at least 24 bytes in base64", ErrConfig, path)
		}
	}
	seen := map[string]bool{}
	for _, p := range c.People {
		if p.ID == "" || p.ID == clockPerson || seen[p.ID] {
			return nil, fmt.Errorf("%w: %s: each person has an id of their own, and none is called %q", ErrConfig, path, clockPerson)
		}
		seen[p.ID] = true
		for _, m := range p.May {
			if !slices.Contains(Rights, m) {
				return nil, fmt.Errorf("%w: %s: %s may %q: choose from %s", ErrConfig, path, p.ID, m, strings.Join(Rights, ", "))
			}
		}
	}
	if c.Keep.Messages <= 0 {
		c.Keep.Messages = 365
	}
	return &c, nil
}

// people are those who work with the node now.
func (c *Config) people() []Person {
	if p := c.changed.Load(); p != nil {
		return *p
	}
	return c.People
}

func (c *Config) person(id string) *Person {
	list := c.people()
	i := slices.IndexFunc(list, func(p Person) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// People are those who work with the node, as they are now.
func (n *Node) People() []Person { return slices.Clone(n.config.people()) }

// SetPerson adds a person, or changes what one may do, at once and in config.toml. Somebody who administers the node always stays.
func (n *Node) SetPerson(_ context.Context, w Who, p Person) error {
	if err := n.allow(w, "admin"); err != nil {
		return err
	}
	if p.ID == "" || strings.ContainsFunc(p.ID, func(r rune) bool { return r < '!' || r == '"' || r == '\\' || r == 0x7f }) {
		return fmt.Errorf("%w: a person's id is letters and digits without spaces", ErrConfig)
	}
	n.config.changing.Lock()
	defer n.config.changing.Unlock()
	path := filepath.Join(n.dir, "config.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	next := withPerson(string(text), p)
	c, err := parseConfig([]byte(next), path)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(c.People, func(p Person) bool { return p.may("admin") }) {
		return fmt.Errorf("%w: somebody must administer this node: give somebody else that right first", ErrConfig)
	}
	if err := n.record(w, audit.Admin, "person", p.ID, "", "rights", p.May...); err != nil {
		return err
	}
	if err := replaceFile(path, []byte(next)); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	n.config.changed.Store(&c.People)
	return nil
}

// withPerson is the text of a configuration in which a person has other rights, or is new; everything else stays as it was written.
func withPerson(text string, p Person) string {
	quoted := func(list []string) string {
		out := make([]string, len(list))
		for i, s := range list {
			out[i] = strconv.Quote(s)
		}
		return "[" + strings.Join(out, ", ") + "]"
	}
	block := fmt.Sprintf("[[person]]\nid = %q\ngroups = %s\nmay = %s\n", p.ID, quoted(p.Groups), quoted(p.May))
	lines := strings.SplitAfter(text, "\n")
	for i := 0; i < len(lines); i++ {
		if strings.TrimSpace(lines[i]) != "[[person]]" {
			continue
		}
		end, own := i+1, false
		for end < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[end]), "[") {
			key, value, _ := strings.Cut(lines[end], "=")
			if id, err := strconv.Unquote(strings.TrimSpace(value)); strings.TrimSpace(key) == "id" && err == nil && id == p.ID {
				own = true
			}
			end++
		}
		if own {
			// What stands behind the block (a comment of the next one) stays.
			keep := end
			for keep > i+1 && (strings.TrimSpace(lines[keep-1]) == "" || strings.HasPrefix(strings.TrimSpace(lines[keep-1]), "#")) {
				keep--
			}
			return strings.Join(lines[:i], "") + block + strings.Join(lines[keep:], "")
		}
		i = end - 1
	}
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text + "\n" + block
}

// replaceFile writes a file anew: wholly, or not at all.
func replaceFile(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".config-")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (p *Person) may(right string) bool {
	return slices.Contains(p.May, "all") || slices.Contains(p.May, right)
}

// AddClient adds a program to the configuration in a folder, and gives its token, which is kept nowhere. The node knows it after a restart.
func AddClient(dir string, c Client) (token string, err error) {
	config, err := ReadConfig(dir)
	if err != nil {
		return "", err
	}
	switch {
	case c.ID == "" || strings.ContainsFunc(c.ID, func(r rune) bool { return r < ' ' }):
		return "", errors.New("give the client an id")
	case slices.ContainsFunc(config.Clients, func(o Client) bool { return o.ID == c.ID }):
		return "", fmt.Errorf("there is a client %s already: take it out of config.toml first", c.ID)
	case config.person(c.Person) == nil:
		return "", fmt.Errorf("%w: %q; its administrator adds people in config.toml", ErrPerson, c.Person)
	case c.Purpose == "" || strings.TrimSpace(c.LegalBasis) == "":
		return "", fmt.Errorf("%w: give the purpose and legal basis of what it asks", ErrNotAllowed)
	}
	token = rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(token))
	f, err := os.OpenFile(filepath.Join(dir, "config.toml"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return "", fmt.Errorf("add the client: %w", err)
	}
	_, err = fmt.Fprintf(f, "\n[[client]]\nid = %q\nperson = %q\ntoken_sha256 = %q\npurpose = %q\nlegal_basis = %q\n", c.ID, c.Person, hex.EncodeToString(sum[:]), c.Purpose, c.LegalBasis)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", fmt.Errorf("add the client: %w", err)
	}
	return token, nil
}
