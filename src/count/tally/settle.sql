-- From sheets to units: one sheet a unit, duplicates joined, conflicts left out.

INSERT INTO candidate_number
SELECT n.sheet, f.candidate, CASE WHEN count(n.value) = count(*) THEN sum(n.value) END
FROM number n JOIN field f USING (field) WHERE f.kind = 'vote' GROUP BY n.sheet, f.candidate;

-- A zero report is no result; a sheet that does not say where it is from has no unit. A photo of a joined
-- sheet is a copy of it, and makes no unit of its own when it shows another code than the sheet has.
INSERT INTO unit (code, centre, table_number, standing, copies)
SELECT '', centre, table_number,
  CASE WHEN max(counts) THEN 'counted' WHEN max(waits) THEN 'review' ELSE 'rejected' END,
  count(*)
FROM sheet
WHERE centre IS NOT NULL AND table_number IS NOT NULL AND coalesce(kind, 'votes') <> 'zero'
GROUP BY centre, table_number HAVING max(status <> 'part');

UPDATE sheet SET unit = (
  SELECT u.unit FROM unit u WHERE u.centre = sheet.centre AND u.table_number = sheet.table_number
);
CREATE INDEX sheet_unit ON sheet (unit);
CREATE INDEX field_row ON field (row, part);

INSERT INTO conflict
SELECT s.unit, n.field, s.sheet, n.value
FROM sheet s JOIN number n USING (sheet)
WHERE s.counts AND coalesce(s.kind, 'votes') <> 'zero' AND (s.unit, n.field) IN (
  SELECT u.unit, n.field
  FROM unit u JOIN sheet s ON s.unit = u.unit JOIN number n ON n.sheet = s.sheet
  WHERE u.copies > 1 AND s.counts AND coalesce(s.kind, 'votes') <> 'zero'
  GROUP BY u.unit, n.field HAVING count(DISTINCT n.value) > 1
);

UPDATE unit SET standing = 'conflict' WHERE unit IN (SELECT unit FROM conflict);

-- The sheet that counts, then the one with the most numbers, then the first of the run.
UPDATE unit SET sheet = (
  SELECT s.sheet FROM sheet s
  WHERE s.unit = unit.unit AND coalesce(s.kind, 'votes') <> 'zero'
  ORDER BY s.counts DESC, s.waits DESC, s.status = 'part', s.unread, s.sheet LIMIT 1
) WHERE standing IN ('counted', 'review', 'rejected');

-- What the registry lists and no sheet shows.
INSERT INTO unit (code, centre, table_number, standing, copies)
SELECT '', centre, table_number, 'missing', 0 FROM listed
WHERE (centre, table_number) NOT IN (SELECT centre, table_number FROM unit);

UPDATE unit SET code = centre || '.' || printf('%0' || l.digits || 'd', table_number)
FROM (SELECT digits FROM level ORDER BY level DESC LIMIT 1) l;

-- A run's own file lists the units without a usable sheet, and of the others those that the registry lacks.
UPDATE unit SET listed = (centre, table_number) IN (SELECT centre, table_number FROM listed) OR (
  (SELECT what FROM told) = 'missing'
  AND (ltrim(centre, '0'), table_number) NOT IN (SELECT centre, table_number FROM unlisted)
  AND unit IN (SELECT unit FROM sheet WHERE status IN ('accepted', 'review') AND unit IS NOT NULL)
) WHERE (SELECT count(*) FROM told) > 0;

-- A centre's code holds the codes of its areas, of as many characters as the form says; `below` counts the levels below.
INSERT INTO area
SELECT u.unit, l.level, CASE
    WHEN l.below = 0 THEN u.code
    WHEN l.below = 1 THEN u.centre
    WHEN l.level = 0 OR length(u.centre) = l.whole THEN substr(u.centre, 1, l.width)
    ELSE '?' END
FROM unit u, (
  SELECT level, width, (SELECT max(level) FROM level) - level AS below,
    (SELECT width FROM level ORDER BY level DESC LIMIT 1) AS whole
  FROM level
) l;
CREATE INDEX area_unit ON area (unit, level);

-- No number of sheets outvotes the registry.
INSERT INTO heard
SELECT a.level, a.code, k.name, 1000000000
FROM (SELECT DISTINCT a.level, a.code, u.centre FROM area a JOIN unit u USING (unit)) a
JOIN level l USING (level) JOIN known k ON k.centre = a.centre AND k.place = l.id;

INSERT INTO heard
SELECT a.level, a.code, n.name, 1
FROM area a JOIN level l USING (level) JOIN sheet s USING (unit)
JOIN sheet_name n ON n.sheet = s.sheet AND n.place = l.id;

INSERT INTO place
SELECT a.level, a.code, coalesce(a.parent, ''), coalesce(b.name, '')
FROM (
  SELECT a.level, a.code, min(p.code) AS parent
  FROM area a LEFT JOIN area p ON p.unit = a.unit AND p.level = a.level - 1 GROUP BY a.level, a.code
) a
LEFT JOIN (
  SELECT level, code, name, row_number() OVER (PARTITION BY level, code ORDER BY sum(weight) DESC, name) AS rank
  FROM heard WHERE name <> '' GROUP BY level, code, name
) b ON b.level = a.level AND b.code = a.code AND b.rank = 1;

DROP TABLE heard;
DROP TABLE listed;
DROP TABLE unlisted;
DROP TABLE told;
DROP TABLE known;
