// Package name compares what people, organisations and vessels are called, across scripts and spellings, and explains what it found.
//
// Parse takes a name apart: letters become Latin ones, and each word is told what it is (a name, an initial, a title, a legal form, a
// country, a number). Compare aligns the words of two names, whatever their order, and gives a score with its reasons. A score is a
// lead for somebody to look at, not an identity.
//
//	script.go   from any script to Latin letters
//	thai.go     Thai, whose vowels stand around their consonants
//	japanese.go kana, and the names in signs that a dictionary has: japanese/build makes the table, which make bundles
//	signs.go    how names in signs read in Korean and in Cantonese: signs/build.js makes the table, which make bundles
//	terms.go    what organisations are, in other scripts
//	parse.go    what each word is
//	distance.go how far two spellings of a word are from each other
//	compare.go  the score of two names
//	key.go      keys under which words that are alike meet, for an index
//	words.toml  titles, legal forms, first names that are the same, and so on
//
// A word that both names have otherwise is what separates two people (Ahmed or Mahmoud); one that only one of them has separates less,
// since documents leave out fathers' and middle names. That is the main idea of the score; the numbers in it are our choice, and
// docs/performance.md says how often they are wrong.
package name
