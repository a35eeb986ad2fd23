//! Versions of SkyPilot.

use std::fmt;

/// A version of SkyPilot that this crate knows: what it emits was read in, and tried with, these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    major: u16,
    minor: u16,
    patch: u16,
}

/// Why a text is no version that can be emitted for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// Not three numbers.
    #[error("`{0}` is not a release of SkyPilot: write three numbers, such as {latest}", latest = Version::LATEST)]
    NotAVersion(String),
    /// Sidecars came with 0.11.2, as did most keys that are emitted.
    #[error(
        "SkyPilot {0} is too old: {first} is the oldest that is known here, and the first that \
         takes a second container in a pod; update it",
        first = Version::FIRST
    )]
    TooOld(Version),
    /// Nobody has looked at it.
    #[error(
        "SkyPilot {0} is not known: {first} to {minor}.x are; write `version: {latest}`, and \
         hold what comes out against that release's configuration reference",
        first = Version::FIRST, minor = Version::LATEST.series(), latest = Version::LATEST
    )]
    TooNew(Version),
}

impl Version {
    /// The oldest that is known.
    pub const FIRST: Self = Self::new(0, 11, 2);
    /// The newest that was read.
    pub const LATEST: Self = Self::new(0, 14, 1);

    pub(crate) const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }

    /// Parses `0.14.1`, where it is a known release.
    ///
    /// # Errors
    /// See [`VersionError`].
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        let number = |piece: &str| {
            let digits = !piece.is_empty() && piece.bytes().all(|b| b.is_ascii_digit());
            piece.parse::<u16>().ok().filter(|_| digits)
        };
        let pieces: Option<Vec<u16>> = text.split('.').map(number).collect();
        let Some([major, minor, patch]) = pieces.as_deref() else {
            return Err(VersionError::NotAVersion(text.escape_debug().to_string()));
        };
        let version = Self::new(*major, *minor, *patch);
        if version < Self::FIRST {
            return Err(VersionError::TooOld(version));
        }
        if (version.major, version.minor) > (Self::LATEST.major, Self::LATEST.minor) {
            return Err(VersionError::TooNew(version));
        }
        Ok(version)
    }

    /// The tag of fusermount-server in this release's manifests.
    pub(crate) fn fusermount(self) -> &'static str {
        if self < Self::new(0, 13, 0) { "0.2.1" } else { "0.2.2" }
    }

    /// Whether this release empties hostPath volumes with busybox.
    pub(crate) fn cleans_volumes(self) -> bool {
        self >= Self::new(0, 13, 0)
    }

    /// `0.14`.
    fn series(self) -> String {
        format!("{}.{}", self.major, self.minor)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}
