//! Whether what a site says goes together: refusals, each with its reason and the way out, and
//! warnings.

mod networks;
mod serve;
mod shape;
mod skypilot;

pub(crate) use skypilot::DOCKER_IN_PODS;

use crate::Site;

/// What is to be said of a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// What cannot work: nothing is emitted.
    pub refusals: Vec<Note>,
    /// What works, and may not be what its author thinks.
    pub warnings: Vec<Note>,
}

/// One thing, and where in the description it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Note {
    /// The place: `skypilot.serve.mode`, `mirrors[0].host`.
    pub place: String,
    /// What is so, why it matters, and the way out.
    pub message: String,
}

impl Judgement {
    fn refuse(&mut self, place: impl Into<String>, message: impl Into<String>) {
        self.refusals.push(Note { place: place.into(), message: message.into() });
    }

    fn warn(&mut self, place: impl Into<String>, message: impl Into<String>) {
        self.warnings.push(Note { place: place.into(), message: message.into() });
    }
}

impl Site {
    /// Says what does not go together, and what is doubtful.
    #[must_use]
    pub fn judge(&self) -> Judgement {
        let mut judgement = Judgement::default();
        shape::judge(self, &mut judgement);
        networks::judge(self, &mut judgement);
        skypilot::judge(self, &mut judgement);
        serve::judge(self, &mut judgement);
        judgement
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
