//! Who may do what: a key is looked up by its hash, and the right it gives is a type that a verb demands.
//!
//! # Invariants
//! * A `Pass` can only be made here.
//! * Keys are kept as SHA-256; they are 256 random bits, so no slow hash is needed.

use std::collections::HashMap;
use std::marker::PhantomData;

use crate::record::{Digest, OfficeCode, sha256};

impl Gate {
    /// For the program itself: reads every result.
    #[must_use]
    pub const fn of_the_house(&self) -> Pass<Reading> {
        Pass::new(None, Digest::new([0; 32]))
    }
}

/// The verbs that need a right.
#[derive(Debug)]
pub struct Filing;
#[derive(Debug)]
pub struct Reading;
#[derive(Debug)]
pub struct Sweeping;
/// Having a person sign by hand.
#[derive(Debug)]
pub struct HandSigning;
/// Sending a file out to a signing program.
#[derive(Debug)]
pub struct Bridging;
#[derive(Debug)]
pub struct Batching;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Files and reads the results of one office.
    Clerk(OfficeCode),
    Auditor,
}

#[derive(Debug, Clone)]
pub struct Client {
    pub name: String,
    pub role: Role,
    pub key_sha256: Digest,
}

/// Proof that the right was checked.
#[derive(Debug, Clone)]
pub struct Pass<Verb> {
    /// The office it is for; auditors act for none.
    office: Option<OfficeCode>,
    client: Digest,
    verb: PhantomData<Verb>,
}

impl<Verb> Pass<Verb> {
    #[must_use]
    pub const fn office(&self) -> Option<&OfficeCode> {
        self.office.as_ref()
    }

    /// Tells clients apart, e.g. in the scope of idempotency keys.
    #[must_use]
    pub const fn client(&self) -> Digest {
        self.client
    }

    const fn new(office: Option<OfficeCode>, client: Digest) -> Self {
        Self {
            office,
            client,
            verb: PhantomData,
        }
    }
}

impl Pass<Filing> {
    /// For the program itself: the demo's sample is filed by no client.
    #[must_use]
    pub const fn of_the_house(office: OfficeCode) -> Self {
        Self::new(Some(office), Digest::new([0; 32]))
    }
}

impl Pass<Sweeping> {
    /// For the command line: whoever can open the archive's folder may sweep it.
    #[must_use]
    pub const fn of_the_operator() -> Self {
        Self::new(None, Digest::new([0; 32]))
    }
}

impl Client {
    /// Of the name, not of the key: a client whose key is renewed stays the same client.
    fn scope(&self) -> Digest {
        sha256(format!("antin/client\n{}", self.name).as_bytes())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// No key, or one that nobody has.
    Unknown,
    /// A known key without this right.
    Role,
}

#[derive(Debug, Default)]
pub struct Gate {
    clients: HashMap<Digest, Client>,
}

impl Gate {
    #[must_use]
    pub fn new(clients: Vec<Client>) -> Self {
        Self {
            clients: clients.into_iter().map(|c| (c.key_sha256, c)).collect(),
        }
    }

    fn client(&self, key: Option<&str>) -> Result<&Client, Denied> {
        let key = key.ok_or(Denied::Unknown)?;
        self.clients
            .get(&sha256(key.as_bytes()))
            .ok_or(Denied::Unknown)
    }

    /// # Errors
    /// The key is unknown, or not a clerk's.
    pub fn filing(&self, key: Option<&str>) -> Result<Pass<Filing>, Denied> {
        self.of_a_clerk(key)
    }

    /// # Errors
    /// As `filing`.
    pub fn hand_signing(&self, key: Option<&str>) -> Result<Pass<HandSigning>, Denied> {
        self.of_a_clerk(key)
    }

    /// # Errors
    /// As `filing`.
    pub fn bridging(&self, key: Option<&str>) -> Result<Pass<Bridging>, Denied> {
        self.of_a_clerk(key)
    }

    /// # Errors
    /// As `filing`.
    pub fn batching(&self, key: Option<&str>) -> Result<Pass<Batching>, Denied> {
        self.of_a_clerk(key)
    }

    fn of_a_clerk<Verb>(&self, key: Option<&str>) -> Result<Pass<Verb>, Denied> {
        let client = self.client(key)?;
        match &client.role {
            Role::Clerk(office) => Ok(Pass::new(Some(office.clone()), client.scope())),
            Role::Auditor => Err(Denied::Role),
        }
    }

    /// Clerks read their office's results, auditors all.
    ///
    /// # Errors
    /// The key is unknown.
    pub fn reading(&self, key: Option<&str>) -> Result<Pass<Reading>, Denied> {
        let client = self.client(key)?;
        let office = match &client.role {
            Role::Clerk(office) => Some(office.clone()),
            Role::Auditor => None,
        };
        Ok(Pass::new(office, client.scope()))
    }

    /// # Errors
    /// The key is unknown, or not an auditor's.
    pub fn sweeping(&self, key: Option<&str>) -> Result<Pass<Sweeping>, Denied> {
        let client = self.client(key)?;
        match client.role {
            Role::Auditor => Ok(Pass::new(None, client.scope())),
            Role::Clerk(_) => Err(Denied::Role),
        }
    }
}
