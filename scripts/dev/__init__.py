"""A Home Assistant to develop with: its configuration, its API, its process."""
