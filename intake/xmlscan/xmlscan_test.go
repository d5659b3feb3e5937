package xmlscan

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// items reads every <item> of a text: what each holds, and how reading ended.
func items(r io.Reader) (texts []string, bad int, lines []int64, err error) {
	s := New(r)
	var t Tree
	for {
		name, err := s.Start()
		if errors.Is(err, io.EOF) {
			return texts, bad, lines, nil
		}
		if err != nil {
			return texts, bad, lines, err
		}
		if string(name) != "item" {
			continue
		}
		line := s.Line()
		n, err := s.Tree(&t)
		if OfRecord(err) {
			bad++
			continue
		}
		if err != nil {
			return texts, bad, lines, err
		}
		texts, lines = append(texts, n.Get("a")+"|"+n.Attr("k")+"|"+n.Text()), append(lines, line)
	}
}

func TestElementsAreReadWithNamespacesEntitiesCommentsAndCDATA(t *testing.T) {
	texts, bad, lines, err := items(strings.NewReader(`<?xml version="1.0"?>
<x:list xmlns:x="urn:x"><!-- <item/> -->
<x:item k="1 &gt; 0"><x:a>&lt;&#65;&#x42;&amp;</x:a></x:item>
<item k='q"'>t<![CDATA[<&]]>u<a/></item>
<item><a>&unknown;</a></item><item/>
</x:list>`))
	want := []string{"<AB&|1 > 0|", `|q"|t<&u`, "||"}
	if err != nil || bad != 1 || strings.Join(texts, "\n") != strings.Join(want, "\n") || lines[0] != 3 || lines[1] != 4 {
		t.Errorf("want %q and one bad, got %q, %d bad, lines %v, %v", want, texts, bad, lines, err)
	}
}

func TestRecordsAcrossTheEdgesOfTheBufferReadWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var doc strings.Builder
		var want, raw []string
		doc.WriteString("<l>\n")
		for doc.Len() < 3*bufSize {
			text := strings.Repeat(rapid.StringMatching(`[a-z <>&\n]{1,30}`).Draw(t, "text"), rapid.IntRange(1, 3000).Draw(t, "times"))
			quoted := strings.NewReplacer("<", "&lt;", ">", "&gt;", "&", "&amp;").Replace(text)
			if rapid.Bool().Draw(t, "cdata") {
				quoted = "<![CDATA[" + text + "]]>"
			}
			item := "<item k='" + strconv.Itoa(len(want)) + "'>\n <a>" + quoted + "</a>\n</item>"
			doc.WriteString(item + "\n")
			want, raw = append(want, strings.TrimSpace(text)), append(raw, item[:min(len(item), maxRaw)])
		}
		doc.WriteString("</l>")
		most := rapid.IntRange(1, 1<<20).Draw(t, "bytes a read")
		s := New(&pieces{doc.String(), most})
		var tree Tree
		for i := 0; ; {
			name, err := s.Start()
			if errors.Is(err, io.EOF) && i == len(want) {
				break
			}
			if err != nil {
				t.Fatalf("item %d of %d: %v", i, len(want), err)
			}
			if string(name) != "item" {
				continue
			}
			n, err := s.Tree(&tree)
			if err != nil || n.Get("a") != want[i] || n.Attr("k") != strconv.Itoa(i) || tree.Raw() != raw[i] {
				t.Fatalf("item %d: want %.40q of %.60q, got %.40q, %q of %.60q, %v", i, want[i], raw[i], n.Get("a"), n.Attr("k"), tree.Raw(), err)
			}
			i++
		}
	})
}

// pieces gives a text at most so many bytes at a time.
type pieces struct {
	text string
	most int
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.text == "" {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.most)], p.text)
	p.text = p.text[n:]
	return n, nil
}

func TestBrokenDocumentsStopWithTheirReason(t *testing.T) {
	for _, c := range []struct {
		text string
		want error
	}{
		{"<l><item>", ErrCut},
		{"<l><item></item>", ErrCut},
		{"<l><item", ErrCut},
		{"<l><!-- never closed", ErrCut},
		{`<!DOCTYPE l [<!ENTITY a "b">]><l/>`, ErrDTD},
		{"<l>" + strings.Repeat("<b>", MaxDepth+1), errDeep},
	} {
		if _, _, _, err := items(strings.NewReader(c.text)); !errors.Is(err, c.want) {
			t.Errorf("%.40q: want %q, got %v", c.text, c.want, err)
		}
	}
}

// endless is an element whose text never ends within a gigabyte.
type endless struct {
	head string
	left int
	tail string
}

func (e *endless) Read(p []byte) (int, error) {
	switch {
	case e.head != "":
		n := copy(p, e.head)
		e.head = e.head[n:]
		return n, nil
	case e.left > 0:
		n := min(len(p), e.left)
		for i := range p[:n] {
			p[i] = 'x'
		}
		e.left -= n
		return n, nil
	case e.tail != "":
		n := copy(p, e.tail)
		e.tail = e.tail[n:]
		return n, nil
	}
	return 0, io.EOF
}

func TestARecordOfOneGigabyteIsPassedOverInBoundedMemory(t *testing.T) {
	for _, around := range [][2]string{{"<a>", "</a>"}, {"<!--", "-->"}, {"<?", "?>"}} {
		passesOver(t, &endless{"<l><item><b>x</b>" + around[0], 1 << 30, around[1] + "</item><item><a>1</a></item></l>"})
	}
}

func passesOver(t *testing.T, r io.Reader) {
	t.Helper()
	s := New(r)
	var tree Tree
	seen := []error{}
	for {
		name, err := s.Start()
		if err != nil {
			break
		}
		if string(name) == "item" {
			_, err := s.Tree(&tree)
			seen = append(seen, err)
			if !strings.HasPrefix(tree.Raw(), "<item>") || len(tree.Raw()) > maxRaw {
				t.Errorf("the beginning of the record is %.40q", tree.Raw())
			}
		}
		if len(s.buf) > 4<<20 || cap(tree.other) > 8<<20 {
			t.Fatalf("holds %d and %d bytes", len(s.buf), cap(tree.other))
		}
	}
	if len(seen) != 2 || !errors.Is(seen[0], ErrTooBig) || seen[1] != nil {
		t.Errorf("want the first too big and the second read, got %v", seen)
	}
}

func FuzzScanner(f *testing.F) {
	for _, s := range []string{"<l><item k='1'>a<a>b</a></item></l>", "<l/>", "<!--x--><l><![CDATA[]]></l>", "<", "<l>&#x;</l>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, _, lines, err := items(strings.NewReader(text))
		for _, l := range lines {
			if l < 1 || l > int64(strings.Count(text, "\n"))+1 {
				t.Fatalf("line %d of a text with %d line ends", l, strings.Count(text, "\n"))
			}
		}
		var se *SyntaxError
		if err != nil && !errors.As(err, &se) {
			t.Fatalf("an error without its line: %v", err)
		}
	})
}
