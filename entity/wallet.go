package entity

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"strings"

	"github.com/btcsuite/btcd/btcutil/base58"
	"github.com/btcsuite/btcd/btcutil/bech32"
	"golang.org/x/crypto/sha3"
)

// ParseWallet recognises an address of Bitcoin (base58check, bech32 and bech32m: BIP 173 and 350), Ethereum (EIP-55 where
// the letters are of both cases), Tron or Monero by its checksum. An Ethereum address in one case has no checksum and is
// taken as it is.
func ParseWallet(s string) (Selector, bool) {
	s = strings.TrimSpace(s)
	for _, p := range []string{"bitcoin:", "ethereum:", "monero:", "tron:"} {
		s = strings.TrimPrefix(s, p)
	}
	s, _, _ = strings.Cut(s, "?")
	switch {
	case len(s) == 42 && (strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X")):
		return ethereum(s)
	case len(s) >= 14 && len(s) <= 90 && (strings.HasPrefix(strings.ToLower(s), "bc1") || strings.HasPrefix(strings.ToLower(s), "tb1")):
		return segwit(s)
	case len(s) == 95 || len(s) == 106:
		return monero(s)
	case len(s) >= 26 && len(s) <= 35:
		return base58check(s)
	}
	return Selector{}, false
}

func base58check(s string) (Selector, bool) {
	b, version, err := base58.CheckDecode(s)
	if err != nil || len(b) != 20 {
		return Selector{}, false
	}
	switch version {
	case 0x00, 0x05:
		return Selector{Wallet, "btc:" + s}, true
	case 0x41:
		return Selector{Wallet, "trx:" + s}, true
	}
	return Selector{}, false
}

// segwit decodes a native witness address: version 0 has the checksum of BIP 173, later ones that of BIP 350.
func segwit(s string) (Selector, bool) {
	hrp, data, version, err := bech32.DecodeGeneric(s)
	if err != nil || hrp != "bc" || len(data) < 1 || data[0] > 16 || (data[0] == 0) != (version == bech32.Version0) {
		return Selector{}, false
	}
	program, err := bech32.ConvertBits(data[1:], 5, 8, false)
	if err != nil || len(program) < 2 || len(program) > 40 || data[0] == 0 && len(program) != 20 && len(program) != 32 {
		return Selector{}, false
	}
	return Selector{Wallet, "btc:" + strings.ToLower(s)}, true
}

func ethereum(s string) (Selector, bool) {
	body := s[2:]
	lower := strings.ToLower(body)
	if _, err := hex.DecodeString(lower); err != nil {
		return Selector{}, false
	}
	if body != lower && body != strings.ToUpper(body) && body != eip55(lower) {
		return Selector{}, false
	}
	return Selector{Wallet, "eth:0x" + lower}, true
}

// eip55 writes an address with the case of its letters as checksum.
func eip55(lower string) string {
	sum := hex.EncodeToString(keccak([]byte(lower)))
	out := []byte(lower)
	for i := range out {
		if out[i] >= 'a' && sum[i] >= '8' {
			out[i] -= 'a' - 'A'
		}
	}
	return string(out)
}

func keccak(b []byte) []byte {
	h := sha3.NewLegacyKeccak256()
	h.Write(b)
	return h.Sum(nil)
}

// monero decodes a standard, sub- or integrated address: blocks of eight bytes in eleven letters of base58 each, with four
// bytes of Keccak as checksum.
func monero(s string) (Selector, bool) {
	var raw []byte
	for at := 0; at < len(s); at += 11 {
		block, size := s[at:min(at+11, len(s))], 8
		if len(block) < 11 {
			size = map[int]int{2: 1, 3: 2, 5: 3, 6: 4, 7: 5, 9: 6, 10: 7}[len(block)]
		}
		n := new(big.Int)
		for i := range len(block) {
			d := strings.IndexByte("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", block[i])
			if d < 0 {
				return Selector{}, false
			}
			n.Add(n.Mul(n, big.NewInt(58)), big.NewInt(int64(d)))
		}
		if size == 0 || n.BitLen() > 8*size {
			return Selector{}, false
		}
		raw = append(raw, n.FillBytes(make([]byte, size))...)
	}
	if len(raw) < 69 || raw[0] != 18 && raw[0] != 19 && raw[0] != 42 || !bytes.Equal(keccak(raw[:len(raw)-4])[:4], raw[len(raw)-4:]) {
		return Selector{}, false
	}
	return Selector{Wallet, "xmr:" + s}, true
}
