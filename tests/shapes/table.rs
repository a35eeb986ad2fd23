//! Who reaches what, in one table.

use std::sync::{Mutex, PoisonError};

use crate::shapes;

/// A shape's name, with what was tried and what came of it.
type Column = (String, Vec<(String, String)>);

#[derive(Default)]
pub(crate) struct Table(Mutex<Vec<Column>>);

impl Table {
    /// Takes what a room has printed.
    pub(crate) fn add(&self, shape: &str, printed: &str) -> Result<(), String> {
        let column =
            serde_json::from_str(printed).map_err(|error| format!("{error}: {printed}"))?;
        let mut columns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        columns.push((shape.to_owned(), column));
        Ok(())
    }

    /// Prints the shapes that came out as expected.
    pub(crate) fn print(&self) {
        let mut columns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        columns.sort_by_key(|(name, _)| shapes::ALL.iter().position(|shape| shape.name == name));
        let Some((_, rows)) = columns.first() else { return };
        let names: Vec<String> = columns.iter().map(|(name, _)| format!("{name:<12}")).collect();
        println!("{:38}{}", "from a pod, unless it says who", names.join(" "));
        for (at, (name, _)) in rows.iter().enumerate() {
            let cells = columns.iter().map(|(_, column)| format!("{:<12}", column[at].1));
            println!("{name:38}{}", cells.collect::<Vec<_>>().join(" "));
        }
    }
}
