package codec

//lint:file-ignore U1000 the types under test have fields that only reflection sees

import (
	"bytes"
	"log"
	"reflect"
	"slices"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
)

// The plan must know the fields of a struct exactly as the library does: what it
// does not know it passes over without counting.
func TestFieldsAreTheLibrarys(t *testing.T) {
	type inner struct{ X, Y int }
	type (
		tagged struct {
			A int `msgpack:"a"`
			B int `msgpack:"b,omitempty"`
			C int `msgpack:", omitempty"`
			D int `msgpack:" d "`
			E int `msgpack:"x:y"`
			F int `msgpack:":name"`
			G int `msgpack:""`
			H int `json:"h"`
			I int `msgpack:"i,alias:j"`
			K int `msgpack:"-"`
			l int
		}
		Exported struct{ P, Q int }
		Strings  string
		embeds   struct {
			Exported
			R int
		}
		embedsNamed struct {
			Exported `msgpack:"e"`
			R        int
		}
		noinline struct {
			Exported `msgpack:",noinline"`
			P        int
		}
		earlier struct {
			Q string
			Exported
		}
		forced struct {
			Exported `msgpack:"e,inline"`
			R        int
		}
		twoDeep struct {
			embeds
			S int
		}
		notStruct struct {
			Strings
			S int
		}
		longName struct {
			F int `msgpack:"a name that is longer than thirty-one bytes"`
		}
		asArray struct {
			_msgpack struct{} `msgpack:",as_array"`
			A        int
			Exported
		}
	)
	var logged bytes.Buffer // the library logs fields of one name
	defer log.SetOutput(log.Writer())
	log.SetOutput(&logged)
	for _, v := range []any{
		tagged{},
		embeds{},
		embedsNamed{},
		noinline{},
		earlier{},
		forced{},
		twoDeep{},
		notStruct{},
		longName{},
		asArray{},
		inner{},
		order{},
		row{},
		shadowed{},
		promoted{},
		apart{},
		alias{},
		wide{},
		struct{}{},
	} {
		typ := reflect.TypeOf(v)
		p, err := planOf(typ)
		if err != nil {
			t.Errorf("%v: %v", typ, err)
			continue
		}
		ptr := reflect.New(typ)
		fillAll(ptr.Elem(), 3)
		data, err := msgpack.Marshal(ptr.Interface())
		if err != nil {
			t.Errorf("%v: %v", typ, err)
			continue
		}
		var names []string
		for _, f := range p.list {
			names = append(names, f.name)
		}
		dec := msgpack.NewDecoder(bytes.NewReader(data))
		if p.asArray {
			n, err := dec.DecodeArrayLen()
			if err != nil || n != len(names) {
				t.Errorf("%v: the library writes %d fields, %v; the plan has %q", typ, n, err, names)
			}
			continue
		}
		n, err := dec.DecodeMapLen()
		if err != nil {
			t.Errorf("%v: %v", typ, err)
		}
		var wrote []string
		for range n {
			name, _ := dec.DecodeString()
			_ = dec.Skip()
			wrote = append(wrote, name)
		}
		if !slices.Equal(names, wrote) {
			t.Errorf("%v: the library writes %q; the plan has %q", typ, wrote, names)
		}
		for _, name := range wrote {
			if p.fields[name] == nil {
				t.Errorf("%v: the plan does not find %q", typ, name)
			}
		}
	}
	if logged.Len() > 0 {
		t.Errorf("the library logged %q", &logged)
	}
	p, _ := planOf(reflect.TypeFor[alias]())
	if p.fields["before"] == nil {
		t.Error("the plan does not know an alias")
	}
}

// fillAll sets everything that can be set to something that is not empty.
func fillAll(v reflect.Value, depth int) {
	if !v.CanSet() || depth < 0 {
		return
	}
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Struct:
		for i := range v.NumField() {
			fillAll(v.Field(i), depth-1)
		}
	}
}

func TestAliasIsRead(t *testing.T) {
	typed, err := Values[alias](nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := typed.Decode([]byte("\x81\xa6before\xa1x")); err != nil || got.Now != "x" {
		t.Errorf("Decode = %+v, %v; want Now = x", got, err)
	}
}

func TestTraits(t *testing.T) {
	for _, tc := range []struct {
		t    reflect.Type
		want traits
	}{
		{reflect.TypeFor[named](), traits{}},
		{reflect.TypeFor[[]named](), traits{}},
		{reflect.TypeFor[map[string]string](), traits{sorted: true}},
		{reflect.TypeFor[map[string]int](), traits{sorted: true}},
		{reflect.TypeFor[any](), traits{sorted: true, checked: true, settles: true}},
		{reflect.TypeFor[*chain](), traits{checked: true}},
		{reflect.TypeFor[[]bigArray](), traits{checked: true}},
		{reflect.TypeFor[[]*bigStruct](), traits{checked: true}},
		{reflect.TypeFor[pair](), traits{checked: true, codes: true}},
		{reflect.TypeFor[[]pair](), traits{checked: true}},
	} {
		p, err := planOf(tc.t)
		if err != nil {
			t.Errorf("%v: %v", tc.t, err)
		} else if p.traits != tc.want {
			t.Errorf("%v: traits are %+v; want %+v", tc.t, p.traits, tc.want)
		}
	}
}
