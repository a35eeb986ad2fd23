//! Structured fields (RFC 9651), as strictly as they are written: a list of items with parameters.
//! Written apart from the product, so that the two cannot be wrong in the same way.

#![allow(dead_code, reason = "each test program uses its own part of it")]

/// A bare item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bare {
    Integer(i64),
    Token(String),
    Text(String),
    Bool(bool),
}

/// An item with its parameters, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) value: Bare,
    pub(crate) params: Vec<(String, Bare)>,
}

impl Item {
    pub(crate) fn param(&self, key: &str) -> Option<&Bare> {
        self.params.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }
}

/// Parses a list (§4.2.1). Inner lists are not known here.
pub(crate) fn list(text: &str) -> Result<Vec<Item>, String> {
    let mut input = Input(text.trim_matches(' ').as_bytes());
    let mut items = Vec::new();
    while !input.0.is_empty() {
        items.push(input.item()?);
        input.skip(b" \t");
        if input.0.is_empty() {
            return Ok(items);
        }
        input.expect(b',')?;
        input.skip(b" \t");
        if input.0.is_empty() {
            return Err("a trailing comma".to_owned());
        }
    }
    Ok(items)
}

struct Input<'t>(&'t [u8]);

impl Input<'_> {
    fn skip(&mut self, any: &[u8]) {
        while self.0.first().is_some_and(|b| any.contains(b)) {
            self.0 = &self.0[1..];
        }
    }

    fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        match self.next() {
            Some(found) if found == byte => Ok(()),
            found => {
                Err(format!("{:?} where {:?} belongs", found.map(char::from), char::from(byte)))
            }
        }
    }

    fn take(&mut self, fits: impl Fn(u8) -> bool) -> String {
        let len = self.0.iter().take_while(|&&b| fits(b)).count();
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        String::from_utf8(taken.to_vec()).expect("ASCII only")
    }

    fn item(&mut self) -> Result<Item, String> {
        let value = self.bare()?;
        let mut params = Vec::new();
        while self.0.first() == Some(&b';') {
            self.next();
            self.skip(b" ");
            let key = self.key()?;
            let value = match self.0.first() {
                Some(b'=') => {
                    self.next();
                    self.bare()?
                }
                _ => Bare::Bool(true),
            };
            if params.iter().any(|(known, _)| *known == key) {
                return Err(format!("the parameter {key} twice"));
            }
            params.push((key, value));
        }
        Ok(Item { value, params })
    }

    fn key(&mut self) -> Result<String, String> {
        match self.0.first() {
            Some(b'a'..=b'z' | b'*') => {
                Ok(self
                    .take(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.*".contains(&b)))
            }
            other => Err(format!("{:?} where a key belongs", other.map(|&b| char::from(b)))),
        }
    }

    fn bare(&mut self) -> Result<Bare, String> {
        match self.0.first() {
            Some(b'"') => self.text(),
            Some(b'?') => {
                self.next();
                match self.next() {
                    Some(b'0') => Ok(Bare::Bool(false)),
                    Some(b'1') => Ok(Bare::Bool(true)),
                    _ => Err("not a boolean".to_owned()),
                }
            }
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'*') => Ok(Bare::Token(
                self.take(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&b)),
            )),
            Some(b'0'..=b'9' | b'-') => {
                let text = self.take(|b| b.is_ascii_digit() || b == b'-');
                text.parse().map(Bare::Integer).map_err(|error| error.to_string())
            }
            other => Err(format!("{:?} where an item belongs", other.map(|&b| char::from(b)))),
        }
    }

    fn text(&mut self) -> Result<Bare, String> {
        self.expect(b'"')?;
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err("a string without its end".to_owned()),
                Some(b'"') => return Ok(Bare::Text(text)),
                Some(b'\\') => match self.next() {
                    Some(byte @ (b'"' | b'\\')) => text.push(char::from(byte)),
                    other => return Err(format!("an escaped {:?}", other.map(char::from))),
                },
                Some(byte @ 0x20..=0x7e) => text.push(char::from(byte)),
                Some(byte) => return Err(format!("the byte {byte:#x} in a string")),
            }
        }
    }
}
