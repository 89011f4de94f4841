// What Go's archive/tar makes of each vector. In this directory:
//
//	node ../vectors/print-vectors.ts | go run answers.go > answers.json
package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"strings"
)

type entry struct {
	Name     string            `json:"name"`
	TypeFlag string            `json:"typeFlag"`
	LinkName string            `json:"linkName"`
	Mode     uint32            `json:"mode"`
	UID      uint32            `json:"uid"`
	GID      uint32            `json:"gid"`
	Major    uint32            `json:"major"`
	Minor    uint32            `json:"minor"`
	Size     int64             `json:"size"`
	Xattrs   map[string]string `json:"xattrs"`
	SHA256   string            `json:"sha256"`
}

type answer struct {
	Entries []entry `json:"entries"`
	Error   string  `json:"error,omitempty"`
}

// Bytes as text, each as the character of its number.
func latin1(bytes string) string {
	var text strings.Builder
	for i := 0; i < len(bytes); i++ {
		text.WriteRune(rune(bytes[i]))
	}
	return text.String()
}

func read(archive []byte) (found answer) {
	found.Entries = []entry{}
	// An engine's reader cannot seek.
	reader := tar.NewReader(struct{ io.Reader }{bytes.NewReader(archive)})
	for {
		header, err := reader.Next()
		if err == io.EOF {
			return found
		}
		sum := sha256.New()
		var size int64
		if err == nil {
			size, err = io.Copy(sum, reader)
		}
		if err != nil {
			found.Error = err.Error()
			return found
		}
		found.Entries = append(found.Entries, describe(header, size, hex.EncodeToString(sum.Sum(nil))))
	}
}

func describe(header *tar.Header, size int64, sum string) entry {
	described := entry{
		Name:     latin1(header.Name),
		TypeFlag: latin1(string([]byte{header.Typeflag})),
		Mode:     uint32(header.Mode),
		UID:      uint32(header.Uid),
		GID:      uint32(header.Gid),
		Major:    uint32(header.Devmajor),
		Minor:    uint32(header.Devminor),
		Size:     size,
		Xattrs:   map[string]string{},
		SHA256:   sum,
	}
	if header.Typeflag == tar.TypeLink || header.Typeflag == tar.TypeSymlink {
		described.LinkName = latin1(header.Linkname)
	}
	for key, value := range header.PAXRecords {
		const prefix = "SCHILY.xattr."
		if strings.HasPrefix(key, prefix) && header.Typeflag != tar.TypeXGlobalHeader {
			name := key[len(prefix):]
			described.Xattrs[latin1(name)] = base64.StdEncoding.EncodeToString([]byte(value))
		}
	}
	return described
}

func main() {
	in := json.NewDecoder(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", " ")
	var vectors map[string][]byte
	if err := in.Decode(&vectors); err != nil {
		panic(err)
	}
	answers := map[string]answer{}
	for name, archive := range vectors {
		answers[name] = read(archive)
	}
	if err := out.Encode(answers); err != nil {
		panic(err)
	}
}
