//! Credentials for an authority that wants some: HTTP Basic (RFC 7617) from a file that the operator keeps.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// User and password; anything longer is another file.
const FILE_MAX_BYTES: u64 = 4_096;

/// The value of the Authorization header. The error names the file and never its content.
pub(super) fn basic(file: &Path) -> Result<String, String> {
    let doing = |what: String| {
        format!(
            "reading the credentials in {}: {what}; write one line user:password into it",
            file.display()
        )
    };
    let size = std::fs::metadata(file)
        .map_err(|e| doing(e.to_string()))?
        .len();
    if size > FILE_MAX_BYTES {
        return Err(doing(format!("it is larger than {FILE_MAX_BYTES} bytes")));
    }
    let text = std::fs::read_to_string(file).map_err(|e| doing(e.to_string()))?;
    let line = text.trim_end_matches(['\r', '\n']);
    // RFC 7617 2: the user's name holds no colon; neither holds control characters.
    let is_pair = line
        .split_once(':')
        .is_some_and(|(user, _)| !user.is_empty());
    if !is_pair || line.chars().any(char::is_control) {
        return Err(doing("it holds no such line".to_owned()));
    }
    Ok(format!("Basic {}", STANDARD.encode(line)))
}
