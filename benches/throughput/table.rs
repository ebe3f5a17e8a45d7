//! What was measured, each figure printed as it comes, those with a target once more at the end.

use serde_json::{Value, json};

use super::Outcome;

/// What a figure should reach.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    bound: Bound,
    words: String,
}

#[derive(Debug, Clone, Copy)]
enum Bound {
    AtLeast(f64),
    Below(f64),
}

impl Target {
    pub fn at_least(value: f64, words: String) -> Self {
        Self {
            bound: Bound::AtLeast(value),
            words,
        }
    }

    pub fn below(value: f64, words: String) -> Self {
        Self {
            bound: Bound::Below(value),
            words,
        }
    }

    fn value(&self) -> f64 {
        match self.bound {
            Bound::AtLeast(value) | Bound::Below(value) => value,
        }
    }

    fn is_reached_by(&self, value: f64) -> bool {
        match self.bound {
            Bound::AtLeast(least) => value >= least,
            Bound::Below(limit) => value < limit,
        }
    }

    fn sign(&self) -> &'static str {
        match self.bound {
            Bound::AtLeast(_) => ">=",
            Bound::Below(_) => "<",
        }
    }
}

struct Row {
    name: String,
    value: f64,
    unit: &'static str,
    target: Option<Target>,
}

pub(crate) struct Table {
    plan: &'static str,
    machine: Vec<(&'static str, String)>,
    rows: Vec<Row>,
    notes: Vec<String>,
    others: Vec<(String, f64)>,
}

/// More than this share of the machine taken by other programs makes figures by the clock too low.
const QUIET: f64 = 0.05;

impl Table {
    pub fn new(plan: &'static str) -> Self {
        println!("antin throughput, {plan} form");
        Self {
            plan,
            machine: Vec::new(),
            rows: Vec::new(),
            notes: Vec::new(),
            others: Vec::new(),
        }
    }

    pub fn machine(&mut self, name: &'static str, value: String) {
        println!("  {name:<10} {value}");
        self.machine.push((name, value));
    }

    pub fn row(&mut self, name: &str, value: f64, unit: &'static str) {
        println!("{name:<52} {} {unit}", figure(value));
        self.push(name, value, unit, None);
    }

    pub fn judged(&mut self, name: &str, value: f64, unit: &'static str, target: Target) {
        println!("{name:<52} {} {unit}", figure(value));
        self.push(name, value, unit, Some(target));
    }

    fn push(&mut self, name: &str, value: f64, unit: &'static str, target: Option<Target>) {
        self.rows.push(Row {
            name: name.trim().to_owned(),
            value,
            unit,
            target,
        });
    }

    pub fn note(&mut self, text: &str) {
        println!("!! {text}");
        self.notes.push(text.to_owned());
    }

    /// How much of the machine other programs took during a stage.
    pub fn others(&mut self, stage: &str, share: f64) {
        if share > QUIET {
            println!(
                "!! other programs took {:.0} % of the machine during: {stage}",
                share * 100.0
            );
        }
        self.others.push((stage.to_owned(), share));
    }

    pub fn print(&self) {
        println!();
        println!(
            "{:<46} {:>10} {:>12} {:>7} {:>8}  target is",
            "figure", "measured", "target", "ratio", "reached"
        );
        for row in &self.rows {
            let Some(target) = &row.target else { continue };
            let reached = if target.is_reached_by(row.value) {
                "yes"
            } else {
                "NO"
            };
            let ratio = row.value / target.value();
            println!(
                "{:<46} {} {:>2} {} {ratio:>7.2} {reached:>8}  {}",
                row.name,
                figure(row.value),
                target.sign(),
                figure(target.value()),
                target.words
            );
        }
        for note in &self.notes {
            println!("!! {note}");
        }
        for (stage, share) in self.others.iter().filter(|(_, share)| *share > QUIET) {
            println!(
                "!! not alone: other programs took {:.0} % of the machine during {stage}; figures by the clock are too low",
                share * 100.0
            );
        }
    }

    pub fn to_json(&self) -> Outcome<Vec<u8>> {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let mut value = json!({"name": row.name, "value": row.value, "unit": row.unit});
                if let Some(target) = &row.target {
                    value["target"] = json!(target.value());
                    value["target_is"] = json!(target.words);
                    value["reached"] = json!(target.is_reached_by(row.value));
                }
                value
            })
            .collect();
        let machine: serde_json::Map<String, Value> = self
            .machine
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        let others: Vec<Value> = self
            .others
            .iter()
            .map(|(stage, share)| json!({"stage": stage, "share_of_machine": share}))
            .collect();
        let all = json!({"form": self.plan, "machine": machine, "figures": rows, "other_programs": others, "notes": self.notes});
        Ok(serde_json::to_vec_pretty(&all)?)
    }
}

/// Three significant figures where they matter, aligned.
fn figure(value: f64) -> String {
    if value < 10.0 {
        format!("{value:>10.2}")
    } else if value < 100.0 {
        format!("{value:>10.1}")
    } else {
        format!("{value:>10.0}")
    }
}
