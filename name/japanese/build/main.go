// Command japanese writes the table of how the signs of Japanese names read, which package name embeds: names.tsv.gz in the folder that is
// given. It takes the family and given names of UniDic 2.1.2, as github.com/ikawaha/kagome-dict has it; the dictionary itself, 45 MB, is
// not part of the program. Run by make.
//
// The table has the notice of its source, in lines that begin with #, and then lines of three fields, separated by tabs: f for a family
// name or g for a given one, the signs, and a reading in katakana. A name with several readings has several lines.
package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/ikawaha/kagome-dict/uni"
)

// notice is what UniDic's licence asks whoever passes it on to say.
const notice = `Names of UniDic 2.1.2. Copyright (c) 2011-2013, The UniDic Consortium. All rights reserved.
Redistribution and use in source and binary forms, with or without modification, are permitted provided that the following conditions are
met: Redistributions of source code must retain the above copyright notice, this list of conditions and the following disclaimer.
Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following disclaimer in the
documentation and/or other materials provided with the distribution. Neither the name of the UniDic Consortium nor the names of its
contributors may be used to endorse or promote products derived from this software without specific prior written permission.
THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT
LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT
OWNER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT
LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON
ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE
USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.`

// Where the contents of a word say how it reads and is written, and what its class is called.
const (
	reading = 2
	signs   = 4
	isName  = "人名"
	family  = "姓"
	given   = "名"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: japanese FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "japanese:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	lines := names()
	if len(lines) < 40_000 {
		return fmt.Errorf("the dictionary has %d names, it should have more than 40,000: its form has changed", len(lines))
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	for l := range strings.Lines(notice) {
		fmt.Fprint(z, "# ", l)
	}
	fmt.Fprintln(z)
	for _, l := range lines {
		fmt.Fprintln(z, l)
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "names.tsv.gz"), b.Bytes(), 0o644)
}

// names gives the lines of the table, in order.
func names() []string {
	d := uni.Dict()
	var lines []string
	for id, pos := range d.POSTable.POSs {
		class := make([]string, len(pos))
		for i, p := range pos {
			class[i] = d.POSTable.NameList[p]
		}
		if len(class) < 4 || class[2] != isName || id >= len(d.Contents) || len(d.Contents[id]) <= signs {
			continue
		}
		kind := map[string]string{family: "f", given: "g"}[class[3]]
		c := d.Contents[id]
		if kind != "" && strings.ContainsFunc(c[signs], func(r rune) bool { return unicode.Is(unicode.Han, r) }) && c[reading] != "" {
			lines = append(lines, kind+"\t"+c[signs]+"\t"+c[reading])
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}
