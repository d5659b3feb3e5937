package entity

import "strings"

// latinTwins pairs letters of Cyrillic and Greek with the Latin capitals that look the same: what stands on number plates of
// countries that write in those scripts, and what is put into words so that a search does not find them.
var latinTwins = strings.NewReplacer(
	"А", "A", "В", "B", "С", "C", "Е", "E", "Н", "H", "І", "I", "Ј", "J", "К", "K", "М", "M", "О", "O", "Р", "P", "Ѕ", "S", "Т", "T", "У", "Y", "Х", "X",
	"Α", "A", "Β", "B", "Ε", "E", "Ζ", "Z", "Η", "H", "Ι", "I", "Κ", "K", "Μ", "M", "Ν", "N", "Ο", "O", "Ρ", "P", "Τ", "T", "Υ", "Y", "Χ", "X",
	"а", "a", "е", "e", "о", "o", "р", "p", "с", "c", "у", "y", "х", "x", "і", "i", "ј", "j", "ѕ", "s", "ο", "o", "ν", "v",
)

// latin replaces look-alike letters by the Latin ones.
func latin(s string) string { return latinTwins.Replace(s) }
