// A verifier of audit logs that shares no code with Whorl: Go's own note and tlog packages, which read the same forms.
//
//	audit-verifier export FILE KEY [CHECKPOINT]   every entry, the root, the signature; consistency with an older checkpoint
//	audit-verifier proof FILE KEY                 one entry by its proof
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(format string, args ...interface{}) {
	fmt.Printf(format+"\n", args...)
	os.Exit(3)
}

func check(what string, err error) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

// open checks the signature, as any reader of notes does, and reads the three lines of a checkpoint.
func open(text, key string) (int64, tlog.Hash) {
	verifier, err := note.NewVerifier(key)
	check("key", err)
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	check("checkpoint", err)
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() {
		fail("checkpoint: is of another log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check("checkpoint", err)
	root, err := tlog.ParseHash(lines[2])
	check("checkpoint", err)
	return size, root
}

type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, 0, len(indexes))
	for _, i := range indexes {
		if i >= int64(len(h)) {
			return nil, fmt.Errorf("hash %d is not there", i)
		}
		out = append(out, h[i])
	}
	return out, nil
}

// leafOf is the hash of the bytes of an entry as they stand in its line, or the leaf of one that was erased.
func leafOf(line []byte, seq int64) tlog.Hash {
	var read struct {
		Seq    int64  `json:"seq"`
		Erased bool   `json:"erased"`
		Leaf   []byte `json:"leaf"`
	}
	check("line", json.Unmarshal(line, &read))
	if read.Seq != seq {
		fail("entry %d stands where %d belongs", read.Seq, seq)
	}
	if read.Erased {
		var leaf tlog.Hash
		copy(leaf[:], read.Leaf)
		return leaf
	}
	end := bytes.LastIndex(line, []byte(`,"leaf":"`))
	return tlog.RecordHash(bytes.TrimPrefix(line[:end], []byte(`{"entry":`)))
}

func export(file, key, older string) {
	opened, err := os.Open(file)
	check("export", err)
	lines := bufio.NewScanner(opened)
	lines.Buffer(nil, 1<<20)
	lines.Scan()
	var header struct{ Checkpoint string }
	check("header", json.Unmarshal(lines.Bytes(), &header))
	size, root := open(header.Checkpoint, key)
	var stored hashes
	var count int64
	for ; lines.Scan(); count++ {
		more, err := tlog.StoredHashesForRecordHash(count, leafOf(lines.Bytes(), count), stored)
		check("tree", err)
		stored = append(stored, more...)
	}
	if count != size {
		fail("%d entries, signed were %d", count, size)
	}
	built, err := tlog.TreeHash(count, stored)
	check("tree", err)
	if built != root {
		fail("root: the entries give another one than was signed")
	}
	if older != "" {
		text, err := os.ReadFile(older)
		check("checkpoint", err)
		oldSize, oldRoot := open(string(text), key)
		proof, err := tlog.ProveTree(size, oldSize, stored)
		check("consistency", err)
		check("consistency", tlog.CheckTree(proof, size, root, oldSize, oldRoot))
	}
	fmt.Printf("verified %d\n", size)
}

func proof(file, key string) {
	text, err := os.ReadFile(file)
	check("proof", err)
	var given struct {
		Seq        int64
		Entry      json.RawMessage
		Leaf       []byte
		Proof      []string
		Checkpoint string
	}
	check("proof", json.Unmarshal(text, &given))
	size, root := open(given.Checkpoint, key)
	var path tlog.RecordProof
	for _, encoded := range given.Proof {
		raw, err := base64.StdEncoding.DecodeString(encoded)
		check("proof", err)
		var hash tlog.Hash
		copy(hash[:], raw)
		path = append(path, hash)
	}
	check("inclusion", tlog.CheckRecord(path, size, root, given.Seq, tlog.RecordHash(given.Entry)))
	fmt.Printf("verified %d\n", given.Seq)
}

func main() {
	switch os.Args[1] {
	case "export":
		export(os.Args[2], os.Args[3], strings.Join(os.Args[4:], ""))
	case "proof":
		proof(os.Args[2], os.Args[3])
	}
}
