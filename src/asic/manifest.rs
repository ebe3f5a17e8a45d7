//! ASiCManifest: which files a signature or a time-stamp speaks of, and their digests (EN 319 162-1 A.4; also ASiCArchiveManifest, A.7).
//!
//! # Invariants
//! * A document type, an entity of one's own, an unknown element or a critical extension is never passed over: the manifest is then not read.
//! * References are paths below the container; no file is named twice.
//!
//! # What is not here
//! Computing digests; which algorithms are good.

use std::collections::HashSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node, ParsingOptions};

use super::names::check_name;
use super::{Limits, comparable};

/// EN 319 162-1 A.4: the namespace is still that of TS 102 918.
const ASIC: &str = "http://uri.etsi.org/02918/v1.2.1#";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

/// A reference has about six nodes; 1,000 references and what encloses them stay below.
const MAX_NODES: u32 = 20_000;

/// One DataObjectReference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Path in the container.
    pub name: String,
    pub mime_type: Option<String>,
    /// A.7: in an archive manifest, the manifest before it.
    pub is_root: bool,
    /// Identifier of the algorithm, as it is written.
    pub digest_method: String,
    pub digest: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Path of the signature or the time-stamp token over this manifest.
    pub signature: String,
    pub signature_mime_type: Option<String>,
    pub references: Vec<Reference>,
}

/// Why a manifest is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManifestFault {
    TooLarge,
    /// Not well-formed XML, or with a document type; the parser's words.
    Xml(String),
    /// Not as A.4 has it; where.
    Structure(&'static str),
    /// A reference that is no path below the container.
    Path(String),
    DoubledReference(String),
    /// A.4: an extension that must be understood, and is not.
    CriticalExtension,
}

impl fmt::Display for ManifestFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("it is too large"),
            Self::Xml(text) => write!(f, "it is not well-formed XML: {text}"),
            Self::Structure(place) => write!(f, "it is not built as a manifest is: {place}"),
            Self::Path(uri) => write!(f, "{uri:?} names no file of the container"),
            Self::DoubledReference(name) => write!(f, "it names {name:?} twice"),
            Self::CriticalExtension => f.write_str("it has a critical extension that is unknown"),
        }
    }
}

impl std::error::Error for ManifestFault {}

impl Manifest {
    /// # Errors
    /// It is not a manifest as A.4 has it.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestFault> {
        if bytes.len() > Limits::default().manifest_bytes {
            return Err(ManifestFault::TooLarge);
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|_| ManifestFault::Xml("it is not in UTF-8".into()))?;
        let options = ParsingOptions {
            allow_dtd: false,
            nodes_limit: MAX_NODES,
            ..ParsingOptions::default()
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let document = Document::parse_with_options(text, options)
            .map_err(|e| ManifestFault::Xml(e.to_string()))?;
        let root = document.root_element();
        if !root.has_tag_name((ASIC, "ASiCManifest")) {
            return Err(ManifestFault::Structure("ASiCManifest"));
        }
        let mut children = elements(root)?.into_iter();
        let target = children
            .next()
            .filter(|n| n.has_tag_name((ASIC, "SigReference")))
            .ok_or(ManifestFault::Structure("SigReference"))?;
        let mut manifest = Self {
            signature: path(target)?,
            signature_mime_type: target.attribute("MimeType").map(str::to_owned),
            references: Vec::new(),
        };
        let mut names = HashSet::new();
        let mut is_over = false;
        for child in children {
            if child.has_tag_name((ASIC, "ASiCManifestExtensions")) && !is_over {
                is_over = true;
                check_extensions(child)?;
            } else if child.has_tag_name((ASIC, "DataObjectReference")) && !is_over {
                let reference = reference(child)?;
                if !names.insert(comparable(&reference.name)) {
                    return Err(ManifestFault::DoubledReference(reference.name));
                }
                manifest.references.push(reference);
            } else {
                return Err(ManifestFault::Structure("ASiCManifest"));
            }
        }
        if manifest.references.is_empty() {
            return Err(ManifestFault::Structure("DataObjectReference"));
        }
        Ok(manifest)
    }

    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let mut out = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n<asic:ASiCManifest xmlns:asic=\"{ASIC}\" xmlns:ds=\"{DS}\">\n  <asic:SigReference{}{}/>\n",
            attribute("MimeType", self.signature_mime_type.as_deref()),
            attribute("URI", Some(&encoded(&self.signature))),
        );
        for reference in &self.references {
            let root = reference.is_root.then_some("true");
            out.push_str(&format!(
                "  <asic:DataObjectReference{}{}{}>\n    <ds:DigestMethod{}/>\n    <ds:DigestValue>{}</ds:DigestValue>\n  </asic:DataObjectReference>\n",
                attribute("MimeType", reference.mime_type.as_deref()),
                attribute("Rootfile", root),
                attribute("URI", Some(&encoded(&reference.name))),
                attribute("Algorithm", Some(&reference.digest_method)),
                STANDARD.encode(&reference.digest),
            ));
        }
        out.push_str("</asic:ASiCManifest>\n");
        out.into_bytes()
    }

    #[must_use]
    pub fn reference(&self, name: &str) -> Option<&Reference> {
        self.references.iter().find(|r| r.name == name)
    }
}

fn reference(node: Node<'_, '_>) -> Result<Reference, ManifestFault> {
    const PLACE: ManifestFault = ManifestFault::Structure("DataObjectReference");
    let children = elements(node)?;
    let (method, value, rest) = match children.as_slice() {
        [method, value] => (method, value, None),
        [method, value, rest] => (method, value, Some(rest)),
        _ => return Err(PLACE),
    };
    if !method.has_tag_name((DS, "DigestMethod")) || !value.has_tag_name((DS, "DigestValue")) {
        return Err(PLACE);
    }
    // A parameter would make another function of it; no digest in use has one.
    if !elements(*method)?.is_empty() {
        return Err(PLACE);
    }
    if let Some(rest) = rest {
        if !rest.has_tag_name((ASIC, "DataObjectReferenceExtensions")) {
            return Err(PLACE);
        }
        check_extensions(*rest)?;
    }
    Ok(Reference {
        name: path(node)?,
        mime_type: node.attribute("MimeType").map(str::to_owned),
        is_root: matches!(node.attribute("Rootfile"), Some("true" | "1")),
        digest_method: method.attribute("Algorithm").ok_or(PLACE)?.to_owned(),
        digest: base64_of(*value).ok_or(PLACE)?,
    })
}

/// Text without elements in it, as base64 with white space anywhere (XML Schema 2, 3.2.16).
fn base64_of(node: Node<'_, '_>) -> Option<Vec<u8>> {
    let mut text = String::new();
    for child in node.children() {
        if child.is_element() {
            return None;
        }
        if child.is_text() {
            text.extend(child.text()?.chars().filter(|c| !c.is_ascii_whitespace()));
        }
    }
    STANDARD.decode(text).ok()
}

/// The elements below; text between them may only be white space.
fn elements<'a, 'input>(node: Node<'a, 'input>) -> Result<Vec<Node<'a, 'input>>, ManifestFault> {
    let mut elements = Vec::new();
    for child in node.children() {
        if child.is_element() {
            elements.push(child);
        } else if child.is_text() && child.text().is_some_and(|t| !t.trim().is_empty()) {
            return Err(ManifestFault::Structure("text between elements"));
        }
    }
    Ok(elements)
}

/// A.4: `Critical` says of each extension whether it must be understood. None is known here.
fn check_extensions(node: Node<'_, '_>) -> Result<(), ManifestFault> {
    for extension in elements(node)? {
        if !matches!(extension.attribute("Critical"), None | Some("false" | "0")) {
            return Err(ManifestFault::CriticalExtension);
        }
    }
    Ok(())
}

/// The URI attribute as a path: relative to the container's root, percent-encoded (RFC 3986).
fn path(node: Node<'_, '_>) -> Result<String, ManifestFault> {
    let uri = node
        .attribute("URI")
        .ok_or(ManifestFault::Structure("URI"))?;
    let fault = || ManifestFault::Path(uri.to_owned());
    let name = decoded(uri).ok_or_else(fault)?;
    check_name(&name).map_err(|_| fault())?;
    Ok(name)
}

fn decoded(uri: &str) -> Option<String> {
    // A query or a fragment would name a part or a version of a file; there is none in a container.
    if uri.contains(['?', '#']) {
        return None;
    }
    let mut bytes = Vec::with_capacity(uri.len());
    let mut rest = uri.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let value = digit()? * 16 + digit()?;
        bytes.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// RFC 3986 2.3: all but unreserved characters and the slash.
fn encoded(name: &str) -> String {
    let mut uri = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// ` name="value"`, escaped, or nothing.
fn attribute(name: &str, value: Option<&str>) -> String {
    let Some(value) = value else {
        return String::new();
    };
    let mut out = format!(" {name}=\"");
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML 1.0 2.2: other control characters can't be written at all; these would be read as spaces.
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
