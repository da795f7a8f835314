-- The records of a run as tables. `cotejo export --as sqlite` hands this database over.

-- Contests in the form's order.
CREATE TABLE contest (
  contest INTEGER PRIMARY KEY,       -- place in the form's order, from 0
  id TEXT NOT NULL UNIQUE,           -- short name
  name TEXT NOT NULL                 -- as a person would call it
);

-- Candidates in the form's order.
CREATE TABLE candidate (
  candidate INTEGER PRIMARY KEY,     -- place in the form's order, from 0
  id TEXT NOT NULL UNIQUE,           -- short name, as the form has it
  contest INTEGER NOT NULL,          -- what the candidate stands for
  name TEXT NOT NULL                 -- as printed on the sheet
);

-- Every number of a sheet: vote rows in printed order, each with the other numbers of its row, then totals.
CREATE TABLE field (
  field INTEGER PRIMARY KEY,         -- place in the printed order, from 0
  id TEXT NOT NULL UNIQUE,           -- as the form has it
  kind TEXT NOT NULL,                -- vote, value (another number of a row, such as the votes by post) or total
  contest INTEGER,                   -- of which contest; NULL for what no contest owns
  row INTEGER,                       -- of a value: the field of its row's votes
  part TEXT,                         -- of a value: its name among the numbers of the row
  candidate INTEGER,                 -- whose votes; NULL for a total
  party TEXT,                        -- as printed; NULL for a total
  code TEXT,                         -- the party's code as printed; NULL for a total
  name TEXT NOT NULL                 -- party or total as printed
);

-- The levels of the sheets' form, from the whole down: areas within areas, the centres, the units.
CREATE TABLE level (
  level INTEGER PRIMARY KEY,         -- its place, 0 the whole
  id TEXT NOT NULL UNIQUE,           -- as the form has it
  digits INTEGER NOT NULL,           -- how many characters of a code are its own
  width INTEGER NOT NULL             -- how many characters of a centre's code stand for it and what is above it
);

-- Every page of the run.
CREATE TABLE sheet (
  sheet INTEGER PRIMARY KEY,         -- place in the run's order, from 0
  file TEXT NOT NULL,                -- name of the picture file
  page INTEGER NOT NULL,             -- page within the file, from 0
  sha256 TEXT NOT NULL,              -- SHA-256 of the picture file
  status TEXT NOT NULL,              -- what the program decided: accepted, review, rejected, or part of another page's sheet
  counts INTEGER NOT NULL,           -- 1: accepted or reviewed, its numbers may be added up
  waits INTEGER NOT NULL,            -- 1: it can count once a person has looked
  confidence REAL NOT NULL,          -- probability that every number is right
  unit INTEGER,                      -- what it is of; NULL where no sheet tells of it, or this one does not say
  centre TEXT,                       -- code of the centre with leading zeros
  table_number INTEGER,              -- number of the unit within its centre
  code TEXT,                         -- code of the sheet
  kind TEXT,                         -- votes, or zero for a zero report
  form TEXT,                         -- id of the form
  unread INTEGER NOT NULL,           -- how many numbers could not be read
  issued_at TEXT,                    -- date and time of printing
  hash TEXT,                         -- the characters under the QR code
  findings TEXT NOT NULL             -- codes of what was noticed, with spaces between
);

-- Names of places as sheets print them.
CREATE TABLE sheet_name (
  sheet INTEGER NOT NULL,            -- the sheet
  place TEXT NOT NULL,               -- id of the level, or of another name such as address
  name TEXT NOT NULL,                -- as printed
  PRIMARY KEY (sheet, place)
) WITHOUT ROWID;

-- Every number of every sheet.
CREATE TABLE number (
  sheet INTEGER NOT NULL,            -- the sheet
  field INTEGER NOT NULL,            -- which number
  value INTEGER,                     -- NULL where it could not be read
  confidence REAL NOT NULL,          -- probability that the value is right
  basis TEXT NOT NULL,               -- read, corrected, filled, or person where a person set it
  PRIMARY KEY (sheet, field)
) WITHOUT ROWID;

-- Every unit of the form's last level that a sheet shows or the registry lists: what one sheet tells of.
CREATE TABLE unit (
  unit INTEGER PRIMARY KEY,          -- a number
  code TEXT NOT NULL,                -- the centre's code, a dot, its number
  centre TEXT NOT NULL,              -- code of the centre with leading zeros
  table_number INTEGER NOT NULL,     -- its number within the centre
  standing TEXT NOT NULL,            -- counted, conflict, review, rejected or missing
  sheet INTEGER,                     -- the sheet whose numbers stand for it; NULL for conflict, missing
  copies INTEGER NOT NULL,           -- how many sheets show it
  listed INTEGER,                    -- 1: the registry lists it; 0: it does not; NULL where none was given
  UNIQUE (centre, table_number)
);

-- The areas that a unit lies in, one row a level, itself the last.
CREATE TABLE area (
  unit INTEGER NOT NULL,             -- the unit
  level INTEGER NOT NULL,            -- the level
  code TEXT NOT NULL,                -- code of the area; empty for the whole
  PRIMARY KEY (level, code, unit)
) WITHOUT ROWID;

-- Names of areas: the registry's, or what most sheets print.
CREATE TABLE place (
  level INTEGER NOT NULL,            -- the level
  code TEXT NOT NULL,                -- code of the area
  parent TEXT NOT NULL,              -- code of the area above
  name TEXT NOT NULL,                -- empty where no sheet could be read
  PRIMARY KEY (level, code)
) WITHOUT ROWID;

-- Votes by candidate: the sum of the candidate's rows; NULL where one of them is.
CREATE TABLE candidate_number (
  sheet INTEGER NOT NULL,            -- the sheet
  candidate INTEGER NOT NULL,        -- the candidate
  value INTEGER,                     -- the sum
  PRIMARY KEY (sheet, candidate)
) WITHOUT ROWID;

-- Numbers on which sheets of one unit that count say different things.
CREATE TABLE conflict (
  unit INTEGER NOT NULL,             -- the unit
  field INTEGER NOT NULL,            -- which number
  sheet INTEGER NOT NULL,            -- which sheet
  value INTEGER                      -- what it says
);

-- What the figures rest on.
CREATE TABLE about (
  what TEXT NOT NULL,                -- records_sha256, log (length and last hash of the review log), or edited
  said TEXT NOT NULL                 -- its value; of edited what shows that the run was changed outside the program
);
