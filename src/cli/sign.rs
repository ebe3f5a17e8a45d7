//! `antin sign`: signs a file without archiving it; exit 0 made, 1 the file stands in the way, 3 could not.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;

use super::assemble;
use super::work::{self, NotMade, Output, Overwrite, Place, Stamp, Trusted, conclude};
use crate::archive::{Made, Seal, WorkRefusal, Workshop};
use crate::record::{OfficeCode, SignatureLevel};
use crate::sign::Upload;
use crate::sign::asic::DataFile;
use crate::sign::cades::Packaging;

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("which").required(true).args(["config", "dir"])))]
pub(super) struct Sign {
    /// The file to sign; several for asic-e / Tệp cần ký
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Where the signed file goes / Tệp kết quả
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// The configuration with the office's key / Tệp cấu hình có khoá của cơ quan
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A folder with an `antin.toml` (a demo's, say) / Thư mục có tệp `antin.toml`
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The office whose seal signs / Mã cơ quan ký
    #[arg(long, value_name = "CODE")]
    office: String,
    /// Another key of this office than its seal, by name / Khoá khác của cơ quan, theo tên
    #[arg(long, value_name = "NAME")]
    key: Option<String>,
    /// B-B, B-T, B-LT or B-LTA / Mức chữ ký
    #[arg(long, value_name = "LEVEL", default_value = "B-T")]
    level: String,
    /// pades (PDF), cades, cades-detached (any file) or asic-e (several files) / Định dạng
    #[arg(long, value_name = "FORMAT", default_value = "pades")]
    format: String,
    #[command(flatten)]
    stamp: Stamp,
    /// Write over OUT where it exists / Ghi đè tệp kết quả đã có
    #[arg(long)]
    force: bool,
    /// Print the facts as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Pades,
    Cades(Packaging),
    AsicE,
}

impl FromStr for Format {
    type Err = NotMade;

    fn from_str(text: &str) -> Result<Self, NotMade> {
        match text {
            "pades" => Ok(Self::Pades),
            "cades" => Ok(Self::Cades(Packaging::Enveloping)),
            "cades-detached" => Ok(Self::Cades(Packaging::Detached)),
            "asic-e" => Ok(Self::AsicE),
            _ => Err(NotMade::could_not("format_unknown", &[("given", text)])),
        }
    }
}

impl Sign {
    pub fn run(self) -> u8 {
        match self.sign() {
            Ok(()) => 0,
            Err(not_made) => not_made.tell(),
        }
    }

    fn sign(&self) -> Result<(), NotMade> {
        let level = work::level(&self.level)?;
        let format: Format = self.format.parse()?;
        if format != Format::AsicE && self.files.len() > 1 {
            return Err(NotMade::could_not("one_file", &[("format", &self.format)]));
        }
        if format != Format::Pades && self.stamp.is_asked() {
            return Err(NotMade::could_not("stamp_needs_pdf", &[]));
        }
        let overwrite = if self.force {
            Overwrite::Allowed
        } else {
            Overwrite::Never
        };
        let output = Output::new(&self.output, &self.files, overwrite)?;
        let place = Place::open(self.config.as_deref(), self.dir.as_deref())?
            .ok_or_else(|| NotMade::plain("give --config FILE or --dir DIR".into()))?;
        let trusted = Trusted::new(Some(&place), &[], place.fetch())?;
        let seal = self.seal(&place, &trusted)?;
        let workshop = trusted.workshop();
        let made = match format {
            Format::Pades => self.pdf(&workshop, &trusted, &place, &seal, level)?,
            Format::Cades(packaging) => {
                let content = self.first(&trusted)?;
                let mime_type = self.files.first().map(|f| mime_type(f));
                workshop
                    .sign_message(&seal, &content, packaging, mime_type, level)
                    .map_err(|refusal| self.refused(&refusal, &place))?
            }
            Format::AsicE => {
                let files = self.data_files(&trusted)?;
                workshop
                    .sign_container(&seal, files, level)
                    .map_err(|refusal| self.refused(&refusal, &place))?
            }
        };
        conclude(&made, &output, level, self.json)
    }

    fn pdf(
        &self,
        workshop: &Workshop<'_>,
        trusted: &Trusted,
        place: &Place,
        seal: &Seal,
        level: SignatureLevel,
    ) -> Result<Made, NotMade> {
        let upload = Upload::from(self.first(trusted)?);
        let place_on_page = self.stamp.place(upload.bytes(), trusted.limits(), seal)?;
        workshop
            .sign(seal, upload, &place_on_page, level)
            .map_err(|refusal| self.refused(&refusal, place))
    }
}

impl Sign {
    fn seal(&self, place: &Place, trusted: &Trusted) -> Result<Seal, NotMade> {
        let offices = &place.config.offices;
        let code = OfficeCode::from_str(&self.office).ok();
        let found = offices
            .iter()
            .find(|o| code.as_ref() == Some(&o.office.code));
        let Some(office) = found else {
            let known: Vec<String> = offices.iter().map(|o| o.office.code.to_string()).collect();
            return Err(NotMade::could_not(
                "office_unknown",
                &[
                    ("office", &self.office),
                    ("file", &place.file.display().to_string()),
                    ("known", &known.join(", ")),
                ],
            ));
        };
        let mut settings = assemble::seal(&place.config, office);
        if let Some(name) = &self.key {
            let mut keys = office.other_keys.iter();
            let Some((_, key)) = keys.find(|(known, _)| known == name) else {
                let known: Vec<&str> = office.other_keys.iter().map(|(n, _)| n.as_str()).collect();
                return Err(NotMade::could_not(
                    "key_unknown",
                    &[
                        ("office", &self.office),
                        ("key", name),
                        ("known", &known.join(", ")),
                    ],
                ));
            };
            settings.key = key.clone();
        }
        Seal::open(&settings, trusted.anchors())
            .map_err(|f| NotMade::could_not("key", &[("why", &f.chain().to_string())]))
    }

    fn first(&self, trusted: &Trusted) -> Result<Vec<u8>, NotMade> {
        let file = self
            .files
            .first()
            .ok_or_else(|| NotMade::could_not("no_file", &[]))?;
        work::read(file, trusted.max_file_bytes())
    }

    /// The files of a container, by their own names without folders: what the reader of a dossier sees.
    fn data_files(&self, trusted: &Trusted) -> Result<Vec<DataFile>, NotMade> {
        let mut files = Vec::new();
        let mut left = trusted.max_file_bytes();
        for file in &self.files {
            let bytes = work::read(file, left)?;
            left = left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            let name = file.file_name().map(|n| n.to_string_lossy().into_owned());
            files.push(DataFile {
                name: name.unwrap_or_default(),
                mime_type: mime_type(file).to_owned(),
                bytes,
            });
        }
        Ok(files)
    }

    fn refused(&self, refusal: &WorkRefusal, place: &Place) -> NotMade {
        let file = self
            .files
            .first()
            .map_or(String::new(), |f| f.display().to_string());
        NotMade::of(refusal, &file, place.demo().as_deref())
    }
}

/// RFC 6838 media types of what dossiers hold; the reader's program decides by them how a file is shown.
fn mime_type(file: &Path) -> &'static str {
    let extension = file
        .extension()
        .map(|e| e.to_string_lossy().to_ascii_lowercase());
    match extension.as_deref() {
        Some("pdf") => "application/pdf",
        Some("json") => "application/json",
        Some("xml") => "application/xml",
        Some("txt") => "text/plain",
        Some("csv") => "text/csv",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("tif" | "tiff") => "image/tiff",
        Some("zip") => "application/zip",
        Some("dwg") => "image/vnd.dwg",
        Some("docx") => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "application/octet-stream",
    }
}
