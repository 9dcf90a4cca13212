-- No statement of the original reads the baskets.
DROP TABLE seed.paniers CASCADE;
