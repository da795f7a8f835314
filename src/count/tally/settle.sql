-- From sheets to mesas: one sheet a mesa, duplicates joined, conflicts left out.

INSERT INTO candidate_number
SELECT n.sheet, f.candidate, CASE WHEN count(n.value) = count(*) THEN sum(n.value) END
FROM number n JOIN field f USING (field) WHERE f.kind = 'vote' GROUP BY n.sheet, f.candidate;

-- A zero report is no result; a sheet that does not say where it is from has no mesa. A photo of a joined
-- sheet is a copy of it, and makes no mesa of its own when it shows another code than the sheet has.
INSERT INTO mesa
SELECT centre, mesa,
  CASE WHEN max(counts) THEN 'counted' WHEN max(waits) THEN 'review' ELSE 'rejected' END,
  NULL, count(*), NULL
FROM sheet
WHERE centre IS NOT NULL AND mesa IS NOT NULL AND coalesce(kind, 'votes') <> 'zero'
GROUP BY centre, mesa HAVING max(status <> 'part');

INSERT INTO conflict
SELECT s.centre, s.mesa, n.field, s.sheet, n.value
FROM sheet s JOIN number n USING (sheet)
WHERE s.counts AND coalesce(s.kind, 'votes') <> 'zero' AND (s.centre, s.mesa, n.field) IN (
  SELECT s.centre, s.mesa, n.field
  FROM mesa m JOIN sheet s ON s.centre = m.centre AND s.mesa = m.mesa JOIN number n ON n.sheet = s.sheet
  WHERE m.copies > 1 AND s.counts AND coalesce(s.kind, 'votes') <> 'zero'
  GROUP BY s.centre, s.mesa, n.field HAVING count(DISTINCT n.value) > 1
);

UPDATE mesa SET standing = 'conflict' WHERE (centre, mesa) IN (SELECT centre, mesa FROM conflict);

-- The sheet that counts, then the one with the most numbers, then the first of the run.
UPDATE mesa SET sheet = (
  SELECT s.sheet FROM sheet s
  WHERE s.centre = mesa.centre AND s.mesa = mesa.mesa AND coalesce(s.kind, 'votes') <> 'zero'
  ORDER BY s.counts DESC, s.waits DESC, s.status = 'part', s.unread, s.sheet LIMIT 1
) WHERE standing IN ('counted', 'review', 'rejected');

-- What the registry lists and no sheet shows.
INSERT INTO mesa SELECT centre, mesa, 'missing', NULL, 0, NULL FROM listed
WHERE (centre, mesa) NOT IN (SELECT centre, mesa FROM mesa);

-- A run's own file lists the mesas without a usable sheet, and of the others those that the registry lacks.
UPDATE mesa SET listed = (centre, mesa) IN (SELECT centre, mesa FROM listed) OR (
  (SELECT what FROM told) = 'missing' AND (ltrim(centre, '0'), mesa) NOT IN (SELECT centre, mesa FROM unlisted)
  AND (centre, mesa) IN (
    SELECT centre, mesa FROM sheet WHERE status IN ('accepted', 'review') AND centre IS NOT NULL AND mesa IS NOT NULL
  )
) WHERE (SELECT count(*) FROM told) > 0;

-- A centre's code holds the codes of its areas, of as many characters as the form says (table `nesting`, whose
-- `below` counts the levels below).
INSERT INTO area
SELECT centre, mesa, level, CASE
    WHEN below = 0 THEN centre || '.' || printf('%0' || digits || 'd', mesa)
    WHEN below = 1 THEN centre
    WHEN level = 0 OR length(centre) = (SELECT width FROM nesting WHERE below = 1) THEN substr(centre, 1, width)
    ELSE '?' END
FROM mesa, nesting;

-- No number of sheets outvotes the registry.
INSERT INTO heard
SELECT a.level, a.code, k.name, 1000000000
FROM (SELECT DISTINCT level, code, centre FROM area) a JOIN nesting n USING (level)
JOIN known k ON k.centre = a.centre AND k.place = n.place;

INSERT INTO heard
SELECT a.level, a.code, CASE n.place
    WHEN 'country' THEN s.country WHEN 'state' THEN s.state WHEN 'municipality' THEN s.municipality
    WHEN 'parish' THEN s.parish ELSE s.centre_name END, 1
FROM area a JOIN nesting n USING (level) JOIN sheet s USING (centre, mesa) WHERE n.place IS NOT NULL;

INSERT INTO place
SELECT a.level, a.code,
  CASE WHEN a.level < 2 THEN ''
       WHEN n.below = 0 THEN substr(a.code, 1, instr(a.code, '.') - 1)
       WHEN a.code = '?' OR n.below = 1 AND length(a.code) <> n.width THEN '?'
       ELSE substr(a.code, 1, (SELECT width FROM nesting o WHERE o.level = a.level - 1)) END,
  coalesce(b.name, '')
FROM (SELECT DISTINCT level, code FROM area) a JOIN nesting n USING (level)
LEFT JOIN (
  SELECT level, code, name, row_number() OVER (PARTITION BY level, code ORDER BY sum(weight) DESC, name) AS rank
  FROM heard WHERE name IS NOT NULL AND name <> '' GROUP BY level, code, name
) b ON b.level = a.level AND b.code = a.code AND b.rank = 1;

DROP TABLE heard;
DROP TABLE listed;
DROP TABLE unlisted;
DROP TABLE told;
DROP TABLE known;
DROP TABLE nesting;
