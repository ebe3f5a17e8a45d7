//! TimeStampResp (RFC 3161 2.4.2).

use super::super::Malformed;
use super::super::cert::decode_string;
use super::super::der::{normalise, only, tag, write};

const WHAT: &str = "TimeStampResp";

/// Most lines of text read from a response.
const MAX_TEXTS: usize = 16;

/// PKIStatus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Granted,
    GrantedWithMods,
    Rejection,
    Waiting,
    RevocationWarning,
    RevocationNotification,
}

/// PKIFailureInfo: the numbers of its bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureInfo {
    BadAlg,
    BadRequest,
    BadDataFormat,
    TimeNotAvailable,
    UnacceptedPolicy,
    UnacceptedExtension,
    AddInfoNotAvailable,
    SystemFailure,
    /// A bit that RFC 3161 does not define, or none.
    Other,
}

const STATUSES: [Status; 6] = [
    Status::Granted,
    Status::GrantedWithMods,
    Status::Rejection,
    Status::Waiting,
    Status::RevocationWarning,
    Status::RevocationNotification,
];

const FAILURES: [(u8, FailureInfo); 8] = [
    (0, FailureInfo::BadAlg),
    (2, FailureInfo::BadRequest),
    (5, FailureInfo::BadDataFormat),
    (14, FailureInfo::TimeNotAvailable),
    (15, FailureInfo::UnacceptedPolicy),
    (16, FailureInfo::UnacceptedExtension),
    (17, FailureInfo::AddInfoNotAvailable),
    (25, FailureInfo::SystemFailure),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: Status,
    pub texts: Vec<String>,
    pub failure: Option<FailureInfo>,
    /// The encoding of the token, in DER whatever it came in; there whenever the status says so, and only then.
    pub token: Option<Vec<u8>>,
}

impl Response {
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let (der, encoded_bytes) = normalise(bytes)?;
        if encoded_bytes != bytes.len() {
            return Err(Malformed::new("TimeStampResp (octets follow)"));
        }
        let mut fields = only(&der, tag::SEQUENCE, WHAT)?.reader();
        let mut info = fields.sequence("PKIStatusInfo")?;
        let number = info.small_integer("PKIStatus")?;
        let status = usize::try_from(number)
            .ok()
            .and_then(|index| STATUSES.get(index).copied())
            .ok_or(Malformed::new("PKIStatus"))?;
        let mut texts = Vec::new();
        if let Some(list) = info.optional(tag::SEQUENCE, "PKIFreeText")? {
            let mut list = list.reader();
            while !list.is_empty() && texts.len() < MAX_TEXTS {
                let text = list.any("PKIFreeText")?;
                texts.extend(decode_string(text.tag, text.content));
            }
        }
        let failure = info
            .optional(tag::BIT_STRING, "PKIFailureInfo")?
            .map(|field| read_failure(field.content));
        info.finish("PKIStatusInfo")?;
        let token = match fields.is_empty() {
            true => None,
            false => Some(fields.read(tag::SEQUENCE, WHAT)?.raw.to_vec()),
        };
        fields.finish(WHAT)?;
        // RFC 3161 2.4.2: a token with granted and grantedWithMods, and with nothing else.
        let is_granted = matches!(status, Status::Granted | Status::GrantedWithMods);
        if is_granted != token.is_some() {
            return Err(Malformed::new("TimeStampResp (status and token)"));
        }
        Ok(Self {
            status,
            texts,
            failure,
            token,
        })
    }
}

fn read_failure(content: &[u8]) -> FailureInfo {
    let bits = content.get(1..).unwrap_or_default();
    FAILURES
        .iter()
        .find(|(bit, _)| {
            bits.get(usize::from(bit / 8))
                .is_some_and(|byte| byte & (0x80 >> (bit % 8)) != 0)
        })
        .map_or(FailureInfo::Other, |(_, failure)| *failure)
}

/// The answer that carries a token.
pub fn granted(token: &[u8]) -> Vec<u8> {
    let info = write::sequence(&[write::small_integer(0)]);
    write::sequence(&[info.as_slice(), token])
}

/// The answer that refuses, with a sentence for people.
pub fn rejection(failure: FailureInfo, text: &str) -> Vec<u8> {
    let mut fields = vec![
        write::small_integer(2),
        write::sequence(&[write::utf8_string(text)]),
    ];
    if let Some((bit, _)) = FAILURES.iter().find(|(_, known)| *known == failure) {
        fields.push(one_bit(*bit));
    }
    write::sequence(&[write::sequence(&fields)])
}

/// X.690 11.2.2: named bits end with the last one set.
fn one_bit(bit: u8) -> Vec<u8> {
    let mut content = vec![0; usize::from(bit / 8) + 2];
    if let Some(unused) = content.first_mut() {
        *unused = 7 - bit % 8;
    }
    if let Some(last) = content.last_mut() {
        *last = 0x80 >> (bit % 8);
    }
    write::element(tag::BIT_STRING, &content)
}
