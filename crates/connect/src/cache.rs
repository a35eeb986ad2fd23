//! What the name servers answered, for as long as it may be kept.

use std::time::Duration;

use moka::sync::Cache as Store;
use policy::HostName;
use tokio::time::Instant;

use crate::SetupError;
use crate::answer::{Answer, Family};

/// A bounded cache of answers, one per name and family.
///
/// It is not hickory's, which keeps what a CNAME led to for the target's TTL alone when the
/// target is already cached, and which panics on bounds that cross.
pub(crate) struct Cache {
    store: Store<(HostName, Family), Kept>,
    bounds: Bounds,
}

/// How long answers may be kept.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    min: Duration,
    max: Duration,
    max_negative: Duration,
}

#[derive(Clone)]
struct Kept {
    answer: Answer,
    until: Instant,
}

impl Cache {
    pub(crate) fn new(entries: u64, bounds: Bounds) -> Self {
        // Without this, names that nobody asks for again would hold their place until others
        // push them out. The exact end is `until`, which tokio's clock measures.
        let store = Store::builder()
            .max_capacity(entries)
            .time_to_live(bounds.max.max(bounds.max_negative))
            .build();
        Self { store, bounds }
    }

    pub(crate) fn get(&self, name: &HostName, family: Family) -> Option<Answer> {
        let kept = self.store.get(&(name.clone(), family))?;
        (Instant::now() < kept.until).then_some(kept.answer)
    }

    pub(crate) fn put(&self, name: &HostName, family: Family, answer: &Answer) {
        let Some(ttl) = self.bounds.clamp(answer) else { return };
        let kept = Kept { answer: answer.clone(), until: Instant::now() + ttl };
        self.store.insert((name.clone(), family), kept);
    }
}

impl Bounds {
    pub(crate) fn new(
        min: Duration,
        max: Duration,
        max_negative: Duration,
    ) -> Result<Self, SetupError> {
        if min > max {
            return Err(SetupError::TtlBounds { min, max });
        }
        // moka refuses to live longer than a thousand years, by a panic.
        let day = Duration::from_secs(86_400);
        let (min, max) = (min.min(day), max.min(day));
        Ok(Self { min, max, max_negative: max_negative.min(day) })
    }

    /// How long an answer is kept, if at all. A negative one without a SOA record is not
    /// (RFC 2308 §5), nor is it kept longer than the record says.
    fn clamp(&self, answer: &Answer) -> Option<Duration> {
        let ttl = match answer {
            Answer::Found { ttl, .. } => (*ttl).clamp(self.min, self.max),
            Answer::Nothing { ttl } => (*ttl)?.min(self.max_negative),
        };
        (!ttl.is_zero()).then_some(ttl)
    }
}
