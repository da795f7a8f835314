//! A table with typed columns, each documented, as CSV or Parquet.
//!
//! In: columns and rows ([`Frame`]), or a question to the database ([`Asked`]), whose answer is written row by row and
//! never held. Out: bytes. Refuses nothing: a cell that does not fit its column's kind is empty.

use crate::count::tally::TallyError;
use parquet::basic::Compression;
use parquet::column::writer::ColumnWriterImpl;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params_from_iter};
use std::io::Write;
use std::sync::Arc;

/// Rows a Parquet row group holds, which are in memory together.
const GROUP: usize = 10_000;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text; codes are text, so that their leading zeros stay.
    Text,
    /// Whole numbers.
    Integer,
    /// Probabilities.
    Real,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in the head line.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// What it means.
    pub about: String,
}

impl Column {
    /// A column of text.
    pub fn text(name: &str, about: &str) -> Self {
        Self { name: name.to_owned(), kind: Kind::Text, about: about.to_owned() }
    }

    /// A column of whole numbers.
    pub fn integer(name: &str, about: &str) -> Self {
        Self { name: name.to_owned(), kind: Kind::Integer, about: about.to_owned() }
    }

    /// A column of probabilities.
    pub fn real(name: &str, about: &str) -> Self {
        Self { name: name.to_owned(), kind: Kind::Real, about: about.to_owned() }
    }
}

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing: could not be read, or is not on the sheet.
    Empty,
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A probability.
    Real(f64),
}

/// A table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frame {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, each with one cell a column.
    pub rows: Vec<Vec<Cell>>,
}

/// A table that the database answers, whose rows are never in memory together.
pub struct Asked<'b> {
    db: &'b Connection,
    sql: String,
    given: Vec<Option<String>>,
    /// Its columns, in the order of the question's, then those of `same`.
    pub columns: Vec<Column>,
    /// What every row says at its end.
    same: Vec<Cell>,
}

impl<'b> Asked<'b> {
    /// A question whose columns come in the order of `columns`; `given` are its parameters.
    pub fn new(db: &'b Connection, sql: String, given: Vec<Option<String>>, columns: Vec<Column>) -> Self {
        Self { db, sql, given, columns, same: Vec::new() }
    }

    /// The same table with a last column that says the same in each row.
    #[must_use]
    pub fn with(mut self, column: Column, text: &str) -> Self {
        self.columns.push(column);
        self.same.push(Cell::Text(text.to_owned()));
        self
    }

    /// Hears the answer, a row at a time.
    fn rows(&self, mut each: impl FnMut(Vec<Cell>) -> Result<(), TallyError>) -> Result<(), TallyError> {
        let mut statement = self.db.prepare(&self.sql)?;
        let mut rows = statement.query(params_from_iter(&self.given))?;
        while let Some(row) = rows.next()? {
            let cell = |ix: usize| {
                Ok::<_, rusqlite::Error>(match row.get_ref(ix)? {
                    ValueRef::Text(t) => Cell::Text(String::from_utf8_lossy(t).into_owned()),
                    ValueRef::Integer(n) => Cell::Integer(n),
                    ValueRef::Real(x) => Cell::Real(x),
                    ValueRef::Null | ValueRef::Blob(_) => Cell::Empty,
                })
            };
            let asked = (0..self.columns.len() - self.same.len()).map(cell);
            each(asked.chain(self.same.iter().cloned().map(Ok)).collect::<Result<_, _>>()?)?;
        }
        Ok(())
    }

    /// The whole answer.
    ///
    /// # Errors
    /// The database refuses the question.
    pub fn frame(&self) -> Result<Frame, TallyError> {
        let mut rows = Vec::new();
        self.rows(|row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(Frame { columns: self.columns.clone(), rows })
    }

    /// CSV, as [`Frame::to_csv`].
    ///
    /// # Errors
    /// The database refuses the question; what it is written to refuses.
    pub fn csv(&self, out: &mut dyn Write) -> Result<(), TallyError> {
        let mut csv = Csv::new(out, &self.columns)?;
        self.rows(|row| csv.row(&row))?;
        csv.end()
    }

    /// Parquet, as [`Frame::to_parquet`].
    ///
    /// # Errors
    /// As [`Asked::csv`].
    pub fn parquet(&self, out: &mut (dyn Write + Send)) -> Result<(), TallyError> {
        let mut parquet = Parquet::new(out, &self.columns)?;
        let mut group = Vec::new();
        self.rows(|row| {
            group.push(row);
            if group.len() == GROUP {
                parquet.group(&group)?;
                group.clear();
            }
            Ok(())
        })?;
        parquet.group(&group)?;
        parquet.end()
    }
}

impl Frame {
    /// UTF-8 CSV with a head line. Text that a spreadsheet would run as a formula is given a leading
    /// apostrophe (OWASP, "CSV injection").
    ///
    /// # Errors
    /// A table that CSV cannot hold; none is known.
    pub fn to_csv(&self) -> Result<Vec<u8>, TallyError> {
        let mut out = Vec::new();
        let mut csv = Csv::new(&mut out, &self.columns)?;
        self.rows.iter().try_for_each(|row| csv.row(row))?;
        csv.end()?;
        Ok(out)
    }

    /// Parquet, compressed with Snappy; every column may hold nulls.
    ///
    /// # Errors
    /// A table that Parquet cannot hold; none is known.
    pub fn to_parquet(&self) -> Result<Vec<u8>, TallyError> {
        let mut out = Vec::new();
        let mut parquet = Parquet::new(&mut out, &self.columns)?;
        self.rows.chunks(GROUP).try_for_each(|rows| parquet.group(rows))?;
        parquet.end()?;
        Ok(out)
    }
}

/// Writes CSV.
struct Csv<'o>(csv::Writer<&'o mut dyn Write>);

impl<'o> Csv<'o> {
    fn new(out: &'o mut dyn Write, columns: &[Column]) -> Result<Self, TallyError> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(columns.iter().map(|c| c.name.as_str())).map_err(refused)?;
        Ok(Self(csv))
    }

    fn row(&mut self, row: &[Cell]) -> Result<(), TallyError> {
        let cells = row.iter().map(|cell| match cell {
            Cell::Empty => String::new(),
            Cell::Text(t) if t.starts_with(['=', '+', '-', '@', '\t', '\r']) => format!("'{t}"),
            Cell::Text(t) => t.clone(),
            Cell::Integer(n) => n.to_string(),
            Cell::Real(x) => x.to_string(),
        });
        self.0.write_record(cells).map_err(refused)
    }

    fn end(mut self) -> Result<(), TallyError> {
        self.0.flush().map_err(|e| refused(e.into()))
    }
}

fn refused(e: csv::Error) -> TallyError {
    let problem = e.to_string();
    TallyError::Output(crate::run::output::OutputError::Encode { what: "CSV", problem })
}

/// Writes Parquet.
struct Parquet<'o> {
    file: SerializedFileWriter<&'o mut (dyn Write + Send)>,
    kinds: Vec<Kind>,
}

impl<'o> Parquet<'o> {
    fn new(out: &'o mut (dyn Write + Send), columns: &[Column]) -> Result<Self, TallyError> {
        let mut message = String::from("message table {\n");
        for column in columns {
            let kind = match column.kind {
                Kind::Text => "BYTE_ARRAY",
                Kind::Integer => "INT64",
                Kind::Real => "DOUBLE",
            };
            let logical = if column.kind == Kind::Text { " (UTF8)" } else { "" };
            message.push_str(&format!("  OPTIONAL {kind} {}{logical};\n", column.name));
        }
        message.push('}');
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(format!("cotejo {}", env!("CARGO_PKG_VERSION")))
            .build();
        let schema = Arc::new(parse_message_type(&message)?);
        let file = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
        Ok(Self { file, kinds: columns.iter().map(|c| c.kind).collect() })
    }

    fn group(&mut self, rows: &[Vec<Cell>]) -> Result<(), TallyError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        let mut ix = 0;
        while let Some(mut column) = group.next_column()? {
            let cells = || rows.iter().map(|r| &r[ix]);
            match self.kinds[ix] {
                Kind::Text => fill::<ByteArrayType>(column.typed(), cells(), |c| match c {
                    Cell::Text(t) => Some(ByteArray::from(t.as_str())),
                    _ => None,
                })?,
                Kind::Integer => fill::<Int64Type>(column.typed(), cells(), |c| match c {
                    Cell::Integer(n) => Some(*n),
                    _ => None,
                })?,
                Kind::Real => fill::<DoubleType>(column.typed(), cells(), |c| match c {
                    Cell::Real(x) => Some(*x),
                    Cell::Integer(n) => Some(*n as f64),
                    _ => None,
                })?,
            }
            column.close()?;
            ix += 1;
        }
        group.close()?;
        Ok(())
    }

    fn end(self) -> Result<(), TallyError> {
        self.file.close()?;
        Ok(())
    }
}

fn fill<'a, T: DataType>(
    column: &mut ColumnWriterImpl<'_, T>,
    cells: impl Iterator<Item = &'a Cell>,
    value: impl Fn(&Cell) -> Option<T::T>,
) -> Result<(), TallyError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    for cell in cells {
        let value = value(cell);
        levels.push(i16::from(value.is_some()));
        values.extend(value);
    }
    column.write_batch(&values, Some(&levels), None)?;
    Ok(())
}
