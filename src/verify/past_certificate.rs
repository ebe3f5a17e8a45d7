//! Past certificate validation (EN 319 102-1 5.6.2.1): a chain that held once, and until when it is known to have been good.

use super::case::Case;
use super::time_sliding::{Lack, slide};
use super::x509::path_at;
use crate::pki::cert::Certificate;
use crate::trust::{Path, PathFailure, Purpose};

/// The chain, and the moment up to which it is known to have been good.
pub(super) struct Past {
    pub path: Path,
    pub good_until_s: i64,
}

pub(super) enum Failure {
    /// No chain held at the moment.
    Path(PathFailure),
    /// A chain held, but it is not known until when.
    Lack(Lack),
}

/// `at_s` lies in the validity of all of the chain: where the standard takes any moment of the common period, here it is the one at
/// which the key was used.
pub(super) fn judge(
    subject: &Certificate,
    bag: &[Certificate],
    case: &Case<'_>,
    at_s: i64,
    purpose: Purpose,
) -> Result<Past, Failure> {
    let path = path_at(subject, bag, case, at_s, purpose).map_err(Failure::Path)?;
    let good_until_s = slide(&path, case).map_err(Failure::Lack)?;
    Ok(Past { path, good_until_s })
}
