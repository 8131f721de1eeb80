package ussdtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// secretName is what a field is called that holds a secret.
	secretName = regexp.MustCompile(`(?i)(key|pin|pins|pepper|secret|password|passphrase|token|credential|transcript)$`)
	// hiddenType is what prints as "redacted": pin.Secret, the keys, and what is made of them.
	hiddenType = regexp.MustCompile(`\b(pin\.Secret|Secret|pin\.Record|Record|Pepper|AliasKey|Private|Signer|Custody|Public|Unlock|Identity|ecdh\.|tls\.)`)
	// plainType is what prints as it is.
	plainType = regexp.MustCompile(`^(\[\])?string$|^\*?\[\w*\]byte$`)
	// harmless are plain fields that hold no secret, or one that nobody may print by mistake for another reason.
	harmless = map[string]string{
		"gateway.Config.ProviderKey": "a path", "gateway.Config.AliasKey": "a path", "gateway.Config.Pepper": "a path",
		"attestor.FileConfig.AttestorKey": "a path", "attestor.FileConfig.AliasKey": "a path", "attestor.FileConfig.Secret": "a path",
		"gateway.Attestor.Key": "a public key",
		"gateway.Phone.PIN":    "of a sandbox's phone, which every reader of the README knows", "custody.Source.Pepper": "a path",
		"adapter.Login.Password": "the name of a field", "handset.Config.Password": "of a phone that people and tests play with",
		"pdu.Bind.Password":     "a wire form, made where it is written; its comment warns",
		"ussd.Config.DigestKey": "derived as the process starts", "attestor.Config.Secret": "derived as the process starts",
	}
)

// TestSecretsInConfigurationsPrintAsRedacted reads the source of the phone side: a field of a struct that is named like a
// secret has a type that prints as "redacted", or names a file. The types' own tests print them.
func TestSecretsInConfigurationsPrintAsRedacted(t *testing.T) {
	seen, structs := map[string]bool{}, 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if fields, ok := spec.Type.(*ast.StructType); ok && ast.IsExported(spec.Name.Name) {
				structs++
				checkFields(t, path, file.Name.Name+"."+spec.Name.Name, fields, seen)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if structs < 30 {
		t.Errorf("only %d structs: the source is not all there", structs)
	}
	for name := range harmless {
		if !seen[name] {
			t.Errorf("%s is not there any more: take it off the list", name)
		}
	}
}

func checkFields(t *testing.T, path, owner string, s *ast.StructType, seen map[string]bool) {
	t.Helper()
	for _, field := range s.Fields.List {
		tag := ""
		if field.Tag != nil {
			tag = field.Tag.Value
		}
		for _, name := range field.Names {
			full, kind := owner+"."+name.Name, typeText(field.Type)
			if !ast.IsExported(name.Name) || !secretName.MatchString(name.Name) || hiddenType.MatchString(kind) || !plainType.MatchString(kind) {
				continue
			}
			seen[full] = true
			if harmless[full] == "" && !strings.Contains(tag, "_file") {
				t.Errorf("%s: %s is a %s, which prints as it is", path, full, kind)
			}
		}
	}
}

// typeText writes a type as in the source.
func typeText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return typeText(e.X) + "." + e.Sel.Name
	case *ast.StarExpr:
		return "*" + typeText(e.X)
	case *ast.ArrayType:
		length := ""
		if l, ok := e.Len.(*ast.BasicLit); ok {
			length = l.Value
		}
		return "[" + length + "]" + typeText(e.Elt)
	}
	return ""
}
