-- The functions above are for workers alone.
-- Lock: none. Old code survives it: yes, workers use the service role.

select public.lock_down_functions();
