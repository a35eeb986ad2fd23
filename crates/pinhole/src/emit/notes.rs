//! What is to be said of a site, with its position in the text.

use ::emit::Note;

use crate::reader::Problem;
use crate::yaml::{Step, locate};

/// Notes as problems of the text.
pub(super) fn problems(text: &str, notes: &[Note]) -> Vec<Problem> {
    let problem = |note: &Note| {
        let mut path = steps(&note.place);
        // What is missing stands nowhere: where it belongs is the next best.
        let mut position = locate(text, &path);
        while position.is_none() && path.pop().is_some() && !path.is_empty() {
            position = locate(text, &path);
        }
        Problem { place: note.place.clone(), position, message: note.message.clone() }
    };
    notes.iter().map(problem).collect()
}

/// `mirrors[0].host`, taken apart.
fn steps(place: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for piece in place.split('.') {
        let mut parts = piece.split('[');
        steps.extend(parts.next().map(|key| Step::Key(key.to_owned())));
        for index in parts {
            let number = index.trim_end_matches(']').parse();
            steps.extend(number.ok().map(Step::Index));
        }
    }
    steps
}

#[cfg(test)]
#[path = "notes_tests.rs"]
mod tests;
