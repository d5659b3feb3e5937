package online

import "github.com/abadojack/whatlanggo"

// surely is how sure the detection must be of a language for it to be told; below, a text has none.
const surely = 0.5

// Language is the ISO 639-1 code of the language an advert is mostly written in, by its letters and trigrams; empty where
// that is not sure, as with a text of a few words. It is shown, and never an indicator.
//
// Cost: about 0.2 ms a text, so it is asked of the heads of families and not of every advert.
func Language(a *Advert) string {
	info := whatlanggo.Detect(body(a))
	if info.Confidence < surely {
		return ""
	}
	return info.Lang.Iso6391()
}
