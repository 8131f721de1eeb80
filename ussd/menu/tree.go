package menu

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

//go:embed tree.toml
var treeFile []byte

// Main is the name of the menu that a dial shows.
const Main = "main"

const (
	// maxChoices keeps a menu on one screen, and leaves 7 to 9 to lists and pages.
	maxChoices = 6
	// maxDepth counts the menus from the main one to the last, the main one included.
	maxDepth = 3
)

// ErrTree means that the tree file cannot be used.
var ErrTree = errors.New("menu: bad tree file")

// Tree is every menu. It does not change after LoadTree.
type Tree struct {
	menus []Menu
}

// Menu is one list of choices.
type Menu struct {
	// Name is how the tree names it.
	Name string
	// Title is the key of the line above the choices; empty for the main menu, above which the status stands.
	Title Key
	// Choices are in the order of their digits.
	Choices []Choice
}

// Choice is one line of a menu.
type Choice struct {
	// Digit is 1 to 6.
	Digit  int
	Label  Key
	Target Target
}

// Target is where a choice leads. Exactly one is set.
type Target struct {
	// Menu is the name of a menu of the tree.
	Menu string
	// Flow is the name of something that the gateway does.
	Flow string
}

// fileTree is the tree as it stands in the file.
type fileTree struct {
	Menu []struct {
		Name   string `toml:"name"`
		Title  string `toml:"title"`
		Choice []struct {
			Digit int    `toml:"digit"`
			Label string `toml:"label"`
			Menu  string `toml:"menu"`
			Flow  string `toml:"flow"`
		} `toml:"choice"`
	} `toml:"menu"`
}

// LoadTree reads the tree that is built in.
func LoadTree() (*Tree, error) { return parseTree(treeFile) }

// parseTree takes a tree file and refuses one that breaks a rule of menus.
func parseTree(raw []byte) (*Tree, error) {
	var file fileTree
	decoder := toml.NewDecoder(bytes.NewReader(raw)).DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTree, err)
	}
	tree := &Tree{}
	for _, m := range file.Menu {
		menu := Menu{Name: m.Name, Title: Key(m.Title)}
		for _, c := range m.Choice {
			menu.Choices = append(menu.Choices, Choice{c.Digit, Key(c.Label), Target{c.Menu, c.Flow}})
		}
		if _, twice := tree.Menu(m.Name); twice {
			return nil, fmt.Errorf("%w: menu %q is there twice", ErrTree, m.Name)
		}
		if err := menu.check(); err != nil {
			return nil, err
		}
		tree.menus = append(tree.menus, menu)
	}
	return tree, tree.check()
}

// check takes a menu of one screen, in order.
func (m Menu) check() error {
	if m.Name == "" || len(m.Choices) == 0 || len(m.Choices) > maxChoices {
		return fmt.Errorf("%w: menu %q has %d choices, it needs a name and 1 to %d choices", ErrTree, m.Name, len(m.Choices), maxChoices)
	}
	if m.Title != "" && !isLine(m.Title) || m.Title == "" && m.Name != Main {
		return fmt.Errorf("%w: menu %q: title %q is not the name of a line", ErrTree, m.Name, m.Title)
	}
	last := 0
	for _, c := range m.Choices {
		if c.Digit <= last || c.Digit > maxChoices {
			return fmt.Errorf("%w: menu %q: digit %d must be above %d and at most %d", ErrTree, m.Name, c.Digit, last, maxChoices)
		}
		last = c.Digit
		if !isLine(c.Label) {
			return fmt.Errorf("%w: menu %q: label %q is not the name of a line", ErrTree, m.Name, c.Label)
		}
		if (c.Target.Menu == "") == (c.Target.Flow == "") {
			return fmt.Errorf("%w: menu %q: digit %d needs a menu or a flow, and not both", ErrTree, m.Name, c.Digit)
		}
	}
	return nil
}

// isLine tells whether a key is one of a line without data.
func isLine(key Key) bool {
	return slices.ContainsFunc(entries, func(e entry) bool { return e.key == key && e.kind == KindLine && len(e.data) == 0 })
}

// check walks from the main menu: every target exists, every menu is reached by one way, and none is too deep.
func (t *Tree) check() error {
	reached := []string{Main}
	for depth, level := 1, []string{Main}; len(level) > 0; depth++ {
		if depth > maxDepth {
			return fmt.Errorf("%w: menu %q is deeper than %d", ErrTree, level[0], maxDepth)
		}
		var below []string
		for _, name := range level {
			menu, ok := t.Menu(name)
			if !ok {
				return fmt.Errorf("%w: menu %q does not exist", ErrTree, name)
			}
			for _, c := range menu.Choices {
				if c.Target.Menu == "" {
					continue
				}
				if slices.Contains(reached, c.Target.Menu) {
					return fmt.Errorf("%w: menu %q is reached twice", ErrTree, c.Target.Menu)
				}
				reached, below = append(reached, c.Target.Menu), append(below, c.Target.Menu)
			}
		}
		level = below
	}
	if len(reached) != len(t.menus) {
		return fmt.Errorf("%w: %d of %d menus are reached", ErrTree, len(reached), len(t.menus))
	}
	return nil
}

// Menu finds a menu by its name.
func (t *Tree) Menu(name string) (Menu, bool) {
	i := slices.IndexFunc(t.menus, func(m Menu) bool { return m.Name == name })
	if i < 0 {
		return Menu{}, false
	}
	return t.menus[i], true
}

// Menus lists every menu, the main one first.
func (t *Tree) Menus() []Menu { return slices.Clone(t.menus) }

// Parent names the menu that a menu is reached from; the main menu has none.
func (t *Tree) Parent(name string) (string, bool) {
	for _, m := range t.menus {
		for _, c := range m.Choices {
			if c.Target.Menu == name {
				return m.Name, true
			}
		}
	}
	return "", false
}

// Flows lists the names of every flow that a choice leads to.
func (t *Tree) Flows() []string {
	var flows []string
	for _, m := range t.menus {
		for _, c := range m.Choices {
			if c.Target.Flow != "" {
				flows = append(flows, c.Target.Flow)
			}
		}
	}
	return flows
}

// Text writes the menu: its title, its choices, and the line that offers to go back, except on the main menu. A language
// of 70 characters goes without the title where it has no room for it.
func (m Menu) Text(book *Book, language Language) string {
	language = book.spoken(language)
	var lines []string
	for _, c := range m.Choices {
		lines = append(lines, strconv.Itoa(c.Digit)+" "+book.Text(language, c.Label, Args{}))
	}
	if m.Name != Main {
		lines = append(lines, book.Text(language, BackLine, Args{}))
	}
	text := strings.Join(lines, "\n")
	if m.Title == "" {
		return text
	}
	return titled(book.Text(language, m.Title, Args{}), text)
}

// Choose takes the answer to the menu.
func (m Menu) Choose(digit string) (Target, bool) {
	for _, c := range m.Choices {
		if digit == strconv.Itoa(c.Digit) {
			return c.Target, true
		}
	}
	return Target{}, false
}
