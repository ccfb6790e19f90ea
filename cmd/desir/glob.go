package main

// globMatch reports whether a glob pattern of Redis matches a text, byte by byte as Redis does.
func globMatch(pattern, text string) bool {
	afterStar, start := "", -1 // where to go on if the last star takes one byte more
	for p, i := pattern, 0; ; {
		if p != "" && p[0] == '*' {
			p = p[1:]
			afterStar, start = p, i
			continue
		}
		if p == "" && i == len(text) {
			return true
		}
		if p != "" && i < len(text) {
			if rest, ok := globByte(p, text[i]); ok {
				p, i = rest, i+1
				continue
			}
		}
		if start < 0 || start >= len(text) {
			return false
		}
		start++
		p, i = afterStar, start
	}
}

// globByte reports whether the first element of a pattern matches a byte, and returns what
// follows that element.
func globByte(p string, c byte) (rest string, ok bool) {
	switch {
	case p[0] == '?':
		return p[1:], true
	case p[0] == '[':
		return globClass(p[1:], c)
	case p[0] == '\\' && len(p) > 1:
		return p[2:], p[1] == c
	default:
		return p[1:], p[0] == c
	}
}

// globClass is globByte for a class such as [a-z], from its second byte on. As in Redis, a class
// without an end has it at the end of the pattern.
func globClass(p string, c byte) (rest string, ok bool) {
	not := p != "" && p[0] == '^'
	if not {
		p = p[1:]
	}
	for p != "" && p[0] != ']' {
		switch {
		case p[0] == '\\' && len(p) > 1:
			ok = ok || p[1] == c
			p = p[2:]
		case len(p) > 2 && p[1] == '-':
			ok = ok || min(p[0], p[2]) <= c && c <= max(p[0], p[2])
			p = p[3:]
		default:
			ok = ok || p[0] == c
			p = p[1:]
		}
	}
	if p != "" {
		p = p[1:]
	}
	return p, ok != not
}
