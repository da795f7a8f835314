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

-- A centre's nine figures begin with two each for state, municipality and parish.
INSERT INTO area
SELECT centre, mesa, level, CASE level
    WHEN 0 THEN ''
    WHEN 4 THEN centre
    WHEN 5 THEN centre || '.' || printf('%02d', mesa)
    ELSE CASE WHEN length(centre) = 9 THEN substr(centre, 1, 2 * level) ELSE '?' END END
FROM mesa, (SELECT 0 AS level UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5);

INSERT INTO heard
SELECT a.level, a.code, CASE a.level
    WHEN 0 THEN s.country WHEN 1 THEN s.state WHEN 2 THEN s.municipality WHEN 3 THEN s.parish ELSE s.centre_name END, 1
FROM area a JOIN sheet s USING (centre, mesa) WHERE a.level < 5;

INSERT INTO place
SELECT a.level, a.code,
  CASE WHEN a.level = 0 THEN '' WHEN a.level = 5 THEN substr(a.code, 1, instr(a.code, '.') - 1)
       WHEN a.level = 1 OR a.code = '?' THEN CASE a.level WHEN 1 THEN '' ELSE '?' END
       WHEN a.level = 4 THEN CASE WHEN length(a.code) = 9 THEN substr(a.code, 1, 6) ELSE '?' END
       ELSE substr(a.code, 1, 2 * (a.level - 1)) END,
  coalesce(b.name, '')
FROM (SELECT DISTINCT level, code FROM area) a
LEFT JOIN (
  SELECT level, code, name, row_number() OVER (PARTITION BY level, code ORDER BY sum(weight) DESC, name) AS rank
  FROM heard WHERE name IS NOT NULL AND name <> '' GROUP BY level, code, name
) b ON b.level = a.level AND b.code = a.code AND b.rank = 1;

DROP TABLE heard;
DROP TABLE listed;
DROP TABLE unlisted;
DROP TABLE told;
