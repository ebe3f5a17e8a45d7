//! TSTInfo (RFC 3161 2.4.2): what the authority states.

use super::super::Malformed;
use super::super::cert::critical_extensions;
use super::super::der::{Reader, only, tag, time, unsigned, write};
use super::super::oid::ObjectId;
use super::{Imprint, bounded};

const WHAT: &str = "TSTInfo";

/// How far the stated time may be off, either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accuracy {
    pub seconds: u32,
    pub millis: u32,
    pub micros: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TstInfo {
    pub policy: ObjectId,
    pub imprint: Imprint,
    /// Content octets of an INTEGER.
    pub serial: Vec<u8>,
    /// genTime, Unix seconds.
    pub gen_time_s: i64,
    pub gen_time_nanos: u32,
    pub accuracy: Option<Accuracy>,
    pub ordering: bool,
    /// Content octets of an INTEGER.
    pub nonce: Option<Vec<u8>>,
    /// The GeneralName of the authority, encoded; a hint only.
    pub tsa: Option<Vec<u8>>,
    /// Critical extensions, none of which is known here.
    pub unknown_critical: Vec<ObjectId>,
}

impl TstInfo {
    /// Extensions are not written.
    pub fn to_der(&self) -> Vec<u8> {
        let mut fields = vec![
            write::small_integer(1),
            write::oid(self.policy.body()),
            self.imprint.to_der(),
            write::element(tag::INTEGER, &self.serial),
            time::encode_generalized_nanos(self.gen_time_s, self.gen_time_nanos),
        ];
        if let Some(accuracy) = self.accuracy {
            fields.push(accuracy.to_der());
        }
        if self.ordering {
            fields.push(write::boolean_true());
        }
        if let Some(nonce) = &self.nonce {
            fields.push(write::element(tag::INTEGER, nonce));
        }
        if let Some(tsa) = &self.tsa {
            fields.push(write::explicit(0, tsa));
        }
        write::sequence(&fields)
    }

    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut fields = only(bytes, tag::SEQUENCE, WHAT)?.reader();
        if fields.small_integer(WHAT)? != 1 {
            return Err(Malformed::new("TSTInfo (version)"));
        }
        let policy = ObjectId::from_body(fields.oid(WHAT)?)?;
        let imprint = Imprint::read(&mut fields)?;
        let serial = bounded(fields.integer(WHAT)?, "TSTInfo serialNumber")?;
        let gen_time = fields.read(tag::GENERALIZED_TIME, "genTime")?;
        let (gen_time_s, gen_time_nanos) =
            time::generalized_time(gen_time.content).ok_or(Malformed::new("genTime"))?;
        let accuracy = match fields.optional(tag::SEQUENCE, WHAT)? {
            None => None,
            Some(field) => Some(Accuracy::read(field.reader())?),
        };
        let ordering = fields.boolean_or_false(WHAT)?;
        let nonce = match fields.peek_tag() {
            Some(tag::INTEGER) => Some(bounded(fields.integer(WHAT)?, "nonce")?),
            _ => None,
        };
        let tsa = fields
            .optional(tag::context_constructed(0), WHAT)?
            .map(|field| field.content.to_vec());
        let unknown_critical = match fields.optional(tag::context_constructed(1), WHAT)? {
            None => Vec::new(),
            Some(field) => critical_extensions(field.reader())?,
        };
        fields.finish(WHAT)?;
        Ok(Self {
            policy,
            imprint,
            serial,
            gen_time_s,
            gen_time_nanos,
            accuracy,
            ordering,
            nonce,
            tsa,
            unknown_critical,
        })
    }
}

impl Accuracy {
    fn to_der(self) -> Vec<u8> {
        let mut fields = Vec::new();
        if self.seconds > 0 {
            fields.push(write::small_integer(self.seconds));
        }
        // millis [0] and micros [1] are IMPLICIT INTEGER (1..999).
        for (number, value) in [(0, self.millis), (1, self.micros)] {
            if value > 0 {
                let mut field = write::small_integer(value.min(999));
                if let Some(first) = field.first_mut() {
                    *first = tag::context_primitive(number);
                }
                fields.push(field);
            }
        }
        write::sequence(&fields)
    }

    fn read(mut fields: Reader<'_>) -> Result<Self, Malformed> {
        const ACCURACY: &str = "Accuracy";
        let bad = Malformed::new(ACCURACY);
        let mut accuracy = Self::default();
        if fields.peek_tag() == Some(tag::INTEGER) {
            accuracy.seconds = fields.small_integer(ACCURACY)?;
        }
        let mut fraction =
            |number| match fields.optional(tag::context_primitive(number), ACCURACY)? {
                None => Ok(0),
                Some(field) => unsigned(field.content)
                    .filter(|value| *value <= 999)
                    .ok_or(bad),
            };
        accuracy.millis = fraction(0)?;
        accuracy.micros = fraction(1)?;
        fields.finish(ACCURACY)?;
        Ok(accuracy)
    }
}
