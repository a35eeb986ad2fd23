//! A YAML document with comments, and the one writer of it.

mod write;

pub(crate) use write::{comment, documents, wrapped};

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tree {
    Text(String),
    Int(i64),
    Bool(bool),
    List(List),
    Map(Map),
}

/// A map whose order is kept, with a comment above any of its keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Map(Vec<Entry<String>>);

/// A list, with a comment above any of its elements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct List(Vec<Entry<()>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry<K> {
    key: K,
    comment: String,
    value: Tree,
}

impl Map {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a key.
    ///
    /// # Panics
    /// Where the key is there already: that is a mistake of the caller's, not of a site's.
    #[must_use]
    pub(crate) fn with(self, key: &str, value: impl Into<Tree>) -> Self {
        self.noted("", key, value)
    }

    /// Adds a key below a comment, whose lines are wrapped.
    #[must_use]
    pub(crate) fn noted(mut self, comment: &str, key: &str, value: impl Into<Tree>) -> Self {
        self.put(comment, key, value);
        self
    }

    /// The same, where the map is not to be handed on.
    pub(crate) fn put(&mut self, comment: &str, key: &str, value: impl Into<Tree>) {
        assert!(self.get(key).is_none(), "`{key}` stands twice");
        let (key, comment) = (key.to_owned(), comment.to_owned());
        self.0.push(Entry { key, comment, value: value.into() });
    }

    /// Adds a key if there is a value for it.
    #[must_use]
    pub(crate) fn maybe(self, key: &str, value: Option<impl Into<Tree>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Tree> {
        self.0.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl List {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds an element.
    #[must_use]
    pub(crate) fn with(self, value: impl Into<Tree>) -> Self {
        self.noted("", value)
    }

    /// Adds an element below a comment, whose lines are wrapped.
    #[must_use]
    pub(crate) fn noted(mut self, comment: &str, value: impl Into<Tree>) -> Self {
        self.put(comment, value);
        self
    }

    /// The same, where the list is not to be handed on.
    pub(crate) fn put(&mut self, comment: &str, value: impl Into<Tree>) {
        self.0.push(Entry { key: (), comment: comment.to_owned(), value: value.into() });
    }

    /// Whether a value is in it, whatever its comment.
    pub(crate) fn holds(&self, value: &Map) -> bool {
        self.0.iter().any(|entry| matches!(&entry.value, Tree::Map(map) if map == value))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Tree {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Tree {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Tree {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<bool> for Tree {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u16> for Tree {
    fn from(value: u16) -> Self {
        Self::Int(value.into())
    }
}

impl From<i32> for Tree {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<Map> for Tree {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl From<List> for Tree {
    fn from(list: List) -> Self {
        Self::List(list)
    }
}

impl<T: Into<Tree>> FromIterator<T> for List {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        values.into_iter().fold(Self::new(), |list, value| list.with(value))
    }
}

impl<T: Into<Tree>, const N: usize> From<[T; N]> for Tree {
    fn from(values: [T; N]) -> Self {
        Self::List(values.into_iter().collect())
    }
}

impl<T: Into<Tree>> From<Vec<T>> for Tree {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().collect())
    }
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
