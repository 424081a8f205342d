"""The statistics against values made by R on real data sets, kept in the folder ``shared``."""
