//! The textual form of certificates and CRLs (RFC 7468).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_parser::pem::Pem;

use super::super::Malformed;
use super::Certificate;

/// Most blocks read from one text; the list of all roots of an operating system has about 150.
const MAX_BLOCKS: usize = 10_000;

/// The contents of all blocks with this label; other blocks and text between are passed over.
pub fn pem_blocks(text: &[u8], label: &str) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut blocks = Vec::new();
    for block in Pem::iter_from_buffer(text).take(MAX_BLOCKS) {
        let block = block.map_err(|_| Malformed::new("PEM"))?;
        if block.label == label {
            blocks.push(block.contents);
        }
    }
    Ok(blocks)
}

/// RFC 7468 2: lines of 64 characters.
pub fn pem_encode(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in der.chunks(48) {
        text.push_str(&STANDARD.encode(line));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// All certificates of a PEM text, in its order; at least one.
pub fn list_from_pem(text: &[u8]) -> Result<Vec<Certificate>, Malformed> {
    let blocks = pem_blocks(text, "CERTIFICATE")?;
    if blocks.is_empty() {
        return Err(Malformed::new("PEM CERTIFICATE"));
    }
    blocks
        .iter()
        .map(|der| Certificate::from_der(der))
        .collect()
}

/// A file as people have them: PEM with one or more certificates, or one in DER.
pub fn list_from_pem_or_der(bytes: &[u8]) -> Result<Vec<Certificate>, Malformed> {
    if bytes.first() == Some(&0x30) {
        Ok(vec![Certificate::from_der(bytes)?])
    } else {
        list_from_pem(bytes)
    }
}
