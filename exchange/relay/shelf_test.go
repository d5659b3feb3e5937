package relay

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestAShelfKeepsWhatItTookWithinItsRoom: whatever is put, put again, dropped and swept, and opened anew in between.
func TestAShelfKeepsWhatItTookWithinItsRoom(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		const most = 1000
		s, err := openShelf(dir, most)
		if err != nil {
			rt.Fatal(err)
		}
		type key struct {
			sender, sum string
			n           int
		}
		has := map[key][]byte{}
		sum := func() (n int64) {
			for _, b := range has {
				n += int64(len(b))
			}
			return n
		}
		pick := rapid.Custom(func(t *rapid.T) key {
			return key{rapid.SampledFrom([]string{"a", "b"}).Draw(t, "sender"), rapid.SampledFrom([]string{"1f", "2e"}).Draw(t, "sum"), rapid.IntRange(0, 2).Draw(t, "n")}
		})
		rt.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				k, data := pick.Draw(t, "part"), rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data")
				err := s.put(k.sender, k.sum, strconv.Itoa(k.n), data)
				_, there := has[k]
				switch {
				case there && err == nil: // it stays as it is
				case !there && err == nil:
					has[k] = data
				case !errors.Is(err, errNoRoom) || sum()+int64(len(data)) <= most:
					t.Fatal(err)
				}
			},
			"drop": func(t *rapid.T) {
				k := pick.Draw(t, "part")
				s.drop(k.sender, k.sum, strconv.Itoa(k.n))
				delete(has, k)
			},
			"keep what is not old": func(t *rapid.T) {
				if err := s.sweep(time.Now().Add(-time.Hour)); err != nil {
					t.Fatal(err)
				}
			},
			"sweep": func(t *rapid.T) {
				if err := s.sweep(time.Now().Add(time.Hour)); err != nil {
					t.Fatal(err)
				}
				clear(has)
			},
			"open anew": func(t *rapid.T) {
				if err := os.WriteFile(filepath.Join(dir, "new-1"), []byte("half"), 0o600); err != nil {
					t.Fatal(err)
				}
				if s, err = openShelf(dir, most); err != nil {
					t.Fatal(err)
				}
			},
			"": func(t *rapid.T) {
				for _, k := range []key{{"a", "1f", 0}, {"a", "1f", 1}, {"a", "2e", 2}, {"b", "1f", 0}, {"b", "2e", 1}} {
					got, err := s.get(k.sender, k.sum, k.n)
					if want, there := has[k]; there != (err == nil) || !bytes.Equal(got, want) {
						t.Fatalf("%v: %q, %v", k, got, err)
					}
				}
				if s.size != sum() || s.size > most {
					t.Fatalf("%d bytes of %d", s.size, sum())
				}
			},
		})
	})
}

// FuzzPlace: a member names the sum and the number of what it puts, and gets nowhere but into its own folder.
func FuzzPlace(f *testing.F) {
	for _, x := range [][3]string{{"a", "1f", "0"}, {"..", "..", "0"}, {"a", "../../x", "1"}, {"a", "b", "../1"}, {"a", "b", "-1"}, {"a", "b", "01"}, {"a", "b", "99999999999"}, {"", "", ""}} {
		f.Add(x[0], x[1], x[2])
	}
	s := &shelf{dir: "/shelf"}
	f.Fuzz(func(t *testing.T, sender, sum, number string) {
		path, err := s.place(sender, sum, number)
		if err == nil && path != "/shelf/"+sender+"/"+sum+"/"+number {
			t.Fatal(path)
		}
	})
}
