//! The clerk's record of one result: what the paper says about itself.
//!
//! # Invariants
//! * Read strictly: an unknown name, a name given twice, a wrong type or a value that does not fit its
//!   pattern is a problem, and all problems are told at once.
//! * `to_json` gives the same bytes for equal records (RFC 8785: names in order, no blanks), and
//!   `from_json` reads them back to an equal record.
//!
//! # What is not here
//! Ids, hashes and times that the archive adds; whether the office may issue such a result.

use std::fmt;

use unicode_normalization::char::is_combining_mark;

use super::codes::{DocumentNumber, DossierCode, PersonalId, ProcedureCode, ResultKind, TaxCode};
use super::field::{FieldProblem, FieldReader, Personal, line};
use super::json::{Node, write_member, write_name};
use super::time::Date;

/// The longest record by the limits below is near 4 KB of UTF-8; four times that leaves room for blanks.
pub const RECORD_MAX_BYTES: usize = 16 * 1024;
/// A title and abstract on paper is a few lines; 500 characters are five full ones.
pub const TITLE_MAX_CHARS: usize = 500;
/// Names of organisations are the long ones; 200 characters hold every registered one seen.
pub const NAME_MAX_CHARS: usize = 200;

#[derive(Clone, PartialEq, Eq)]
pub struct ResultRecord {
    pub dossier_code: DossierCode,
    pub procedure_code: ProcedureCode,
    pub result_kind: ResultKind,
    pub title: String,
    pub number: DocumentNumber,
    pub issued_on: Date,
    pub owner: Owner,
    pub validity: Validity,
    pub origin: Origin,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Owner {
    pub name: String,
    pub id: OwnerId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerId {
    Personal(PersonalId),
    Tax(TaxCode),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// In force up to and including this day.
    Until(Date),
    Unlimited,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    BornDigital,
    DigitizedCopy,
}

impl ResultRecord {
    pub fn from_json(bytes: &[u8]) -> Result<Self, Vec<FieldProblem>> {
        if bytes.len() > RECORD_MAX_BYTES {
            return Err(vec![whole("record_too_large", None)]);
        }
        let node = Node::parse(bytes).map_err(|why| vec![whole("not_json", Some(why))])?;
        let mut r = FieldReader::open(&node, "", &FIELDS, Personal::No).map_err(|p| vec![p])?;
        let dossier_code = r.required_parsed("dossier_code", code::<DossierCode>);
        let procedure_code = r.required_parsed("procedure_code", code::<ProcedureCode>);
        let result_kind = r.required_parsed("result_kind", code::<ResultKind>);
        let title = r.required_parsed("title", |t| line(t, TITLE_MAX_CHARS));
        let number = r.required_parsed("number", code::<DocumentNumber>);
        let issued_on = r.required_parsed("issued_on", date);
        let owner = r
            .required("owner")
            .and_then(|n| read_owner(n, &mut r.problems));
        let validity = r
            .required("validity")
            .and_then(|n| read_validity(n, issued_on, &mut r.problems));
        let origin = r.required_parsed("origin", |t| Origin::from_word(t).ok_or("origin_unknown"));

        let record = (|| {
            Some(ResultRecord {
                dossier_code: dossier_code?,
                procedure_code: procedure_code?,
                result_kind: result_kind?,
                title: title?,
                number: number?,
                issued_on: issued_on?,
                owner: owner?,
                validity: validity?,
                origin: origin?,
            })
        })();
        match record {
            Some(record) if r.problems.is_empty() => Ok(record),
            _ => Err(r.problems),
        }
    }

    /// What only the day of filing can tell.
    pub fn check_at(&self, today: Date) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        if self.issued_on > today {
            problems.push(FieldProblem {
                pointer: "/issued_on".to_owned(),
                code: "issued_on_in_future",
                given: Some(self.issued_on.to_string()),
            });
        }
        if self.dossier_code.day() > today {
            problems.push(FieldProblem {
                pointer: "/dossier_code".to_owned(),
                code: "dossier_day_in_future",
                given: Some(self.dossier_code.to_string()),
            });
        }
        problems
    }

    /// RFC 8785 3.2.3: members in the order of their names.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = String::from("{");
        write_member(&mut out, "dossier_code", self.dossier_code.as_str());
        write_member(&mut out, "issued_on", &self.issued_on.to_string());
        write_member(&mut out, "number", self.number.as_str());
        write_member(&mut out, "origin", self.origin.as_str());
        write_name(&mut out, "owner");
        out.push('{');
        write_member(&mut out, "name", &self.owner.name);
        match &self.owner.id {
            OwnerId::Personal(id) => write_member(&mut out, "personal_id", id.as_str()),
            OwnerId::Tax(code) => write_member(&mut out, "tax_code", code.as_str()),
        }
        out.push('}');
        write_member(&mut out, "procedure_code", self.procedure_code.as_str());
        write_member(&mut out, "result_kind", self.result_kind.as_str());
        write_member(&mut out, "title", &self.title);
        write_name(&mut out, "validity");
        out.push('{');
        match self.validity {
            Validity::Until(date) => write_member(&mut out, "until", &date.to_string()),
            Validity::Unlimited => {
                write_name(&mut out, "unlimited");
                out.push_str("true");
            }
        }
        out.push_str("}}");
        out.into_bytes()
    }
}

const FIELDS: [&str; 9] = [
    "dossier_code",
    "procedure_code",
    "result_kind",
    "title",
    "number",
    "issued_on",
    "owner",
    "validity",
    "origin",
];

fn whole(code: &'static str, given: Option<String>) -> FieldProblem {
    FieldProblem {
        pointer: String::new(),
        code,
        given,
    }
}

fn code<T: std::str::FromStr<Err = super::CodeProblem>>(text: &str) -> Result<T, &'static str> {
    text.parse::<T>().map_err(|problem| problem.code)
}

fn date(text: &str) -> Result<Date, &'static str> {
    text.trim().parse().map_err(|_| "date_invalid")
}

fn read_owner(node: &Node, problems: &mut Vec<FieldProblem>) -> Option<Owner> {
    let known = ["name", "personal_id", "tax_code"];
    let mut r = match FieldReader::open(node, "/owner", &known, Personal::Yes) {
        Ok(reader) => reader,
        Err(problem) => {
            problems.push(problem);
            return None;
        }
    };
    let name = r.required_parsed("name", |t| line(t, NAME_MAX_CHARS));
    let id = match (r.find("personal_id"), r.find("tax_code")) {
        (Some(node), None) => r
            .parsed("personal_id", node, code::<PersonalId>)
            .map(OwnerId::Personal),
        (None, Some(node)) => r
            .parsed("tax_code", node, code::<TaxCode>)
            .map(OwnerId::Tax),
        (Some(_), Some(_)) => {
            r.note_whole("owner_id_both");
            None
        }
        (None, None) => {
            r.note_whole("owner_id_missing");
            None
        }
    };
    problems.append(&mut r.problems);
    Some(Owner {
        name: name?,
        id: id?,
    })
}

fn read_validity(
    node: &Node,
    issued_on: Option<Date>,
    problems: &mut Vec<FieldProblem>,
) -> Option<Validity> {
    let known = ["until", "unlimited"];
    let mut r = match FieldReader::open(node, "/validity", &known, Personal::No) {
        Ok(reader) => reader,
        Err(problem) => {
            problems.push(problem);
            return None;
        }
    };
    let validity = match (r.find("until"), r.find("unlimited")) {
        (Some(node), None) => r.parsed("until", node, date).and_then(|until| {
            if issued_on.is_some_and(|issued| until < issued) {
                r.note("until", "validity_before_issue", Some(node));
                return None;
            }
            Some(Validity::Until(until))
        }),
        (None, Some(Node::Bool(true))) => Some(Validity::Unlimited),
        (None, Some(other)) => {
            r.note("unlimited", "true_expected", Some(other));
            None
        }
        (Some(_), Some(_)) => {
            r.note_whole("validity_both");
            None
        }
        (None, None) => {
            r.note_whole("validity_missing");
            None
        }
    };
    problems.append(&mut r.problems);
    validity
}

impl Owner {
    /// The name as the public sees it.
    pub fn masked_name(&self) -> String {
        mask_name(&self.name)
    }
}

/// The first letter of each word stays, a star stands for each other one.
pub fn mask_name(name: &str) -> String {
    let masked: Vec<String> = name
        .split_whitespace()
        .map(|word| {
            let mut letters = word.chars().filter(|c| !is_combining_mark(*c));
            let first = letters.next().into_iter();
            first.chain(letters.map(|_| '*')).collect()
        })
        .collect();
    masked.join(" ")
}

impl fmt::Debug for ResultRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Titles name people too.
        write!(f, "ResultRecord({}, {})", self.result_kind, self.number)
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Owner({})", self.masked_name())
    }
}

impl Validity {
    pub fn covers(self, day: Date) -> bool {
        match self {
            Validity::Until(last) => day <= last,
            Validity::Unlimited => true,
        }
    }
}

impl Origin {
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::BornDigital => "born_digital",
            Origin::DigitizedCopy => "digitized_copy",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        [Origin::BornDigital, Origin::DigitizedCopy]
            .into_iter()
            .find(|origin| origin.as_str() == word)
    }
}
