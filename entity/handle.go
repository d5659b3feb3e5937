package entity

import (
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// platforms by the domains of their profiles and the words by which adverts name them.
var platforms = []struct {
	name    string
	domains []string
	words   []string
}{
	{"telegram", []string{"t.me", "telegram.me", "telegram.dog"}, []string{"telegram", "tg", "telegrama", "تلغرام", "تيليجرام", "телеграм"}},
	{"instagram", []string{"instagram.com", "instagr.am"}, []string{"instagram", "insta", "ig"}},
	{"snapchat", []string{"snapchat.com"}, []string{"snapchat", "snap"}},
	{"onlyfans", []string{"onlyfans.com"}, []string{"onlyfans"}},
	{"facebook", []string{"facebook.com", "fb.com", "m.facebook.com"}, []string{"facebook", "fb"}},
	{"x", []string{"twitter.com", "x.com"}, []string{"twitter"}},
	{"tiktok", []string{"tiktok.com"}, []string{"tiktok"}},
	{"kik", []string{"kik.me"}, []string{"kik"}},
	{"line", []string{"line.me"}, []string{"line"}},
	{"wechat", nil, []string{"wechat", "weixin", "微信"}},
	{"signal", []string{"signal.me"}, nil},
	{"viber", []string{"viber.com"}, nil},
	{"vk", []string{"vk.com"}, []string{"vk"}},
	{"skype", nil, []string{"skype"}},
	{"whatsapp", []string{"wa.me", "api.whatsapp.com"}, nil}, // whose names are phone numbers
}

var handleForm = regexp.MustCompile(`^[\p{L}0-9][\p{L}0-9._-]{1,63}$`)

// ParseHandle normalises the name of a user on a platform: as it stands, with an @, or as the address of the profile.
// The address of a chat with a phone number is that number.
func ParseHandle(s, platform string) (Selector, bool) {
	s = strings.TrimSpace(norm.NFKC.String(s))
	if strings.Contains(s, "/") {
		return ParseProfile(s)
	}
	name := strings.ToLower(strings.TrimPrefix(s, "@"))
	platform = platformName(platform)
	if platform == "" || !handleForm.MatchString(name) {
		return Selector{}, false
	}
	return Selector{Handle, platform + ":" + name}, true
}

func platformName(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	for _, p := range platforms {
		if p.name == s {
			return p.name
		}
		for _, w := range append(p.words, p.domains...) {
			if w == s {
				return p.name
			}
		}
	}
	return s
}

// ParseProfile reads the address of a user's page on a platform.
func ParseProfile(address string) (Selector, bool) {
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return Selector{}, false
	}
	host := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	for _, p := range platforms {
		for _, d := range p.domains {
			if d != host {
				continue
			}
			if p.name == "whatsapp" {
				number := strings.Trim(u.Path, "/+")
				if n := u.Query().Get("phone"); n != "" {
					number = n
				}
				return ParsePhone("+" + strings.TrimLeft(number, "+ "))
			}
			first, rest, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
			if (first == "add" || first == "u") && rest != "" {
				first, _, _ = strings.Cut(rest, "/")
			}
			switch first {
			case "", "p", "joinchat", "s", "share", "explore", "reel", "watch", "groups", "profile.php":
				return Selector{}, false
			}
			return ParseHandle(first, p.name)
		}
	}
	return Selector{}, false
}
